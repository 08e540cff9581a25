/** Draws what moves in the ring: messages, suspicion, hash rates, and lines that divide. */
import { isRightOf, onTheWay, eased, type Place } from "./geometry";
import { colourOf } from "./kinds";
import { peersOf, suspicion } from "../fold/peers";
import type { State } from "../fold/state";

/**
 * Dots of one picture; a network that is busier shows some of them. More cannot be told apart, and
 * without a graphics card they would take most of the time that a picture has.
 */
const DOTS_MAX = 400;

export interface Scene {
  context: CanvasRenderingContext2D;
  size: number;
  places: Place[];
  diameter: number;
  colour: (name: string) => string;
  /** A line that is being drawn to cut the network in two. */
  line: { from: Place; to: Place } | null;
  /** Groups that cannot hear each other. */
  groups: string[][];
  isStill: boolean;
  /** How fast the network's time passes. */
  speed: number;
}

/**
 * How long a message is shown on its way, in milliseconds of the network's time: as long as it
 * takes, but never so short that it could not be seen at this speed.
 */
export function flightTime(state: State, speed: number): number {
  return Math.max(450 * speed, Math.min(2500, state.latency));
}

/** Draws a scene, and returns whether anything in it moves by itself. */
export function paint(scene: Scene, state: State, now: number): boolean {
  const { context, size } = scene;
  context.clearRect(0, 0, size, size);
  circle(scene);
  divisions(scene, state);
  arcs(scene, state);
  flights(scene, state, now);
  if (scene.line) dividing(scene, scene.line);
  const last = state.flights.at(-1);
  return last !== undefined && now - last.at <= flightTime(state, scene.speed);
}

function circle({ context, size, places, colour }: Scene): void {
  const first = places[0];
  if (!first) return;
  context.strokeStyle = colour("--line");
  context.lineWidth = 1;
  context.beginPath();
  context.arc(size / 2, size / 2, size / 2 - first.y, 0, 2 * Math.PI);
  context.stroke();
}

/** A broken line between neighbours in the ring that cannot hear each other. */
function divisions(scene: Scene, state: State): void {
  const { context, groups, places, size, colour } = scene;
  if (groups.length < 2) return;
  const groupOf = new Map(groups.flatMap((group, at) => group.map((id): [string, number] => [id, at])));
  const ids = peersOf(state).map((peer) => peer.id);
  context.strokeStyle = colour("--lava");
  context.lineWidth = 2;
  context.setLineDash([5, 6]);
  const centre = size / 2;
  ids.forEach((id, at) => {
    const next = (at + 1) % ids.length;
    const [here, there] = [places[at], places[next]];
    const nextId = ids[next];
    if (!here || !there || nextId === undefined || groupOf.get(id) === groupOf.get(nextId)) return;
    const [x, y] = [(here.x + there.x) / 2 - centre, (here.y + there.y) / 2 - centre];
    const length = Math.hypot(x, y) || 1;
    const reach = Math.hypot(here.x - centre, here.y - centre);
    context.beginPath();
    context.moveTo(centre + (x / length) * reach * 0.55, centre + (y / length) * reach * 0.55);
    context.lineTo(centre + (x / length) * (reach + 34), centre + (y / length) * (reach + 34));
    context.stroke();
  });
  context.setLineDash([]);
}

/** Around each peer, outside in: who suspects it, and how fast it searches. */
function arcs(scene: Scene, state: State): void {
  const { context, places, diameter, colour } = scene;
  const peers = peersOf(state);
  const fastest = peers.reduce((most, peer) => Math.max(most, peer.rate ?? 0), 0);
  const isSmall = diameter < 20;
  peers.forEach((peer, at) => {
    const place = places[at];
    if (!place) return;
    const start = -Math.PI / 2;
    const ring = (radius: number, share: number, name: string, width: number) => {
      context.strokeStyle = colour(name);
      context.lineWidth = width;
      context.beginPath();
      context.arc(place.x, place.y, radius, start, start + share * 2 * Math.PI);
      context.stroke();
    };
    const outer = diameter / 2 + (isSmall ? 2.5 : 5);
    if (peer.rate && peer.rate > fastest / 50 && !peer.crashed) {
      ring(outer, peer.rate / fastest, "--amber-fill", isSmall ? 1.5 : 2.5);
    }
    const share = suspicion(state, peer);
    if (share > 0) ring(outer + (isSmall ? 2 : 4.5), share, "--lava", isSmall ? 1.5 : 3);
  });
}

function flights(scene: Scene, state: State, now: number): void {
  const { context, places, size, colour } = scene;
  const span = flightTime(state, scene.speed);
  const index = new Map<string, number>();
  peersOf(state).forEach((peer, at) => index.set(peer.id, at));
  const byColour = new Map<string, Place[]>();
  const most = places.length > 40 ? 2.6 : 4.2;
  const radius = Math.max(2, Math.min(most, size / 130));
  let budget = DOTS_MAX;
  for (let at = state.flights.length - 1; at >= 0 && budget > 0; at -= 1) {
    const flight = state.flights[at];
    if (!flight || flight.at < now - span) break;
    const from = places[index.get(flight.from) ?? -1];
    if (!from || flight.at > now) continue;
    const part = scene.isStill ? 0.5 : eased((now - flight.at) / span);
    const target = flight.to === null ? -1 : (index.get(flight.to) ?? -2);
    if (target === -2) continue;
    if (flight.lost) {
      const to = places[target];
      if (to) lostMessage(scene, onTheWay(from, to, size / 2, Math.min(part, 0.5)), part);
      continue;
    }
    const name = colourOf(flight.kind, state.kind === "chain");
    const dots = byColour.get(name) ?? [];
    if (!byColour.has(name)) byColour.set(name, dots);
    const step = target >= 0 ? places.length : Math.max(1, Math.ceil(places.length / 40));
    for (let to = target >= 0 ? target : at % step; to < places.length; to += step) {
      const end = places[to];
      if (!end || end === from) continue;
      dots.push(onTheWay(from, end, size / 2, part));
      budget -= 1;
    }
  }
  for (const [name, dots] of byColour) {
    context.fillStyle = colour(name);
    context.beginPath();
    for (const dot of dots) {
      context.moveTo(dot.x + radius, dot.y);
      context.arc(dot.x, dot.y, radius, 0, 2 * Math.PI);
    }
    context.fill();
  }
}

function lostMessage({ context, colour }: Scene, at: Place, part: number): void {
  context.globalAlpha = Math.max(0, Math.min(1, 2 - 2 * part));
  context.strokeStyle = colour("--lava");
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(at.x - 4, at.y - 4);
  context.lineTo(at.x + 4, at.y + 4);
  context.moveTo(at.x + 4, at.y - 4);
  context.lineTo(at.x - 4, at.y + 4);
  context.stroke();
  context.globalAlpha = 1;
}

/** The line that is being drawn, and the peers on its right marked. */
function dividing(scene: Scene, { from, to }: { from: Place; to: Place }): void {
  const { context, places, diameter, colour } = scene;
  context.strokeStyle = colour("--lava");
  context.fillStyle = colour("--lava");
  context.lineWidth = 2.5;
  context.lineCap = "round";
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
  context.lineCap = "butt";
  context.globalAlpha = 0.16;
  for (const place of places) {
    if (!isRightOf(place, from, to)) continue;
    context.beginPath();
    context.arc(place.x, place.y, diameter / 2 + 9, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}
