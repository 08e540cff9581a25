/**
 * What the page is about: where records come from, which moment is shown, and whether it moves.
 * Records are taken in once for each picture, however many have come; the page is drawn from
 * `view`, which is a new value for each picture.
 */
import { Client, Problem } from "../api/client";
import type { Node } from "../api/types";
import type { Record, Sampled, StoredFacts } from "../feed/record";
import { follow, readFile } from "../feed/stream";
import { Timeline } from "../fold/timeline";
import type { State } from "../fold/state";
import { heightsOf } from "../fold/tree";

export type Origin = "none" | "live" | "file";
export type Link = "connecting" | "open" | "waiting" | "locked" | "absent";

/** A moment, and the state then. The state is changed in place: read it, and keep nothing of it. */
export interface View {
  state: State;
  /** The moment that is shown, in milliseconds since the process began. */
  now: number;
  /** Records up to that moment. */
  place: number;
  timeline: Timeline;
}

/** How far the shown moment may run ahead of the last record while nothing comes. */
const AHEAD_MAX_MS = 1500;
/** Time between two questions for hash rates. */
const SAMPLE_MS = 1000;
/** Time between two comparisons of the network's clock with ours. */
const MEASURE_MS = 1000;
/** Blocks at the end of the chain of which is asked what is stored. */
const STORED_MAX = 40;
/** Speeds of a replay. */
export const SPEEDS = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16] as const;
/** A replay takes at least so long, unless a speed is chosen, and runs at most at 1×. */
const REPLAY_LEAST_MS = 8000;
/** Time for which records are taken in for one picture, so that a long log does not stop the page. */
const BATCH_MS = 10;
const BATCH = 200;

/** Whether the peers of a network with these rules count messages as they arrive. */
function countsArrivals(rules: unknown): boolean {
  if (typeof rules !== "object" || rules === null) return false;
  const { dialect, variant } = rules as { dialect?: unknown; variant?: unknown };
  return dialect === "profile" || variant === "published";
}

export class Session {
  readonly client = new Client();
  timeline = new Timeline();
  view: View = $state.raw({ state: this.timeline.head, now: 0, place: 0, timeline: this.timeline });
  origin: Origin = $state("none");
  link: Link = $state("connecting");
  node: Node | null = $state.raw(null);
  fileName = $state("");
  /** Counts what was opened: each connection and each file is one more. */
  opened = $state(0);
  /** Whether the newest moment is shown, as it comes. */
  isLive = $state(true);
  isPlaying = $state(true);
  speed: number = $state(1);
  /** The last thing that went wrong or was done, for a while. */
  notice: { text: string; isError: boolean } | null = $state.raw(null);

  #queue: Record[] = [];
  #position = 0;
  #lastFrame = 0;
  #headSeen = { at: -1, on: 0 };
  #measured = { at: 0, on: 0 };
  /** How fast the network's clock goes beside ours: a demo may be slowed down, or hurry. */
  liveSpeed = 1;
  #stop = new AbortController();
  #wantedAt: number | null = null;
  #noticeTimer = 0;

  /** Asks the server who it is, and follows its feed. */
  async connect(): Promise<void> {
    this.link = "connecting";
    try {
      this.#begin(await this.client.node());
    } catch (error) {
      const isLocked = error instanceof Problem && (error.status === 401 || error.status === 403);
      this.link = isLocked ? "locked" : "absent";
    }
  }

  /** Follows the feed of a process from its first record on. */
  #begin(node: Node): void {
    this.node = node;
    this.#reset("live");
    // Its first record may be kept no longer.
    if (node.mode === "watch") this.timeline.head.watcher = node.peers[0] ?? null;
    this.timeline.head.byArrival = countsArrivals(node.rules);
    const signal = this.#stop.signal;
    void follow(
      {
        open: (from, stop) => this.#open(from, stop),
        onRecords: (records) => {
          for (const record of records) this.#queue.push(record);
        },
        onState: (state, error) => {
          const isAbsent = error instanceof Problem && error.status === 404;
          this.link = state !== "refused" ? state : isAbsent ? "absent" : "locked";
        },
      },
      node.first_sequence,
      signal,
    );
    void this.#sample(signal);
  }

  /** Opens the feed, unless another process answers by now: its records begin again. */
  async #open(from: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const node = await this.client.node();
    signal.throwIfAborted();
    if (node.started !== this.node?.started) this.#begin(node);
    // The other process has a signal of its own.
    signal.throwIfAborted();
    return this.client.events(from, signal);
  }

  /** Shows a recording instead of what happens now. */
  async openFile(file: File): Promise<void> {
    const records = await readFile(file);
    if (records.length === 0) {
      this.say(`${file.name} has no line of the feed: record one with --json or --record`, true);
      return;
    }
    this.#reset("file");
    this.fileName = file.name;
    this.isLive = false;
    this.isPlaying = true;
    for (const record of records) this.timeline.push(record);
    this.#position = this.#wantedAt ?? this.timeline.firstAt;
    // A recording of a network at full speed is over before anything can be seen.
    const span = this.timeline.head.at - this.timeline.firstAt;
    this.speed = SPEEDS.findLast((it) => it <= 1 && span / it >= REPLAY_LEAST_MS) ?? SPEEDS[0];
    this.say(`${file.name}: ${records.length.toLocaleString("en-US")} records`, false);
  }

  /** Opens at a moment as soon as records have come that far. */
  openAt(ms: number): void {
    this.#wantedAt = ms;
    if (this.origin !== "none") this.seek(ms);
  }

  seek(ms: number): void {
    this.isLive = false;
    this.isPlaying = false;
    this.#position = Math.max(this.timeline.firstAt, Math.min(ms, this.timeline.head.at));
  }

  goLive(): void {
    this.isLive = this.origin === "live";
    this.isPlaying = true;
    this.#wantedAt = null;
    if (!this.isLive) this.#position = this.timeline.head.at;
  }

  togglePlay(): void {
    if (this.isLive) {
      this.#position = this.view.now;
      this.isLive = false;
      this.isPlaying = false;
      return;
    }
    const isAtEnd = this.#position >= this.timeline.head.at;
    if (isAtEnd && this.origin === "file") this.#position = this.timeline.firstAt;
    this.isPlaying = !this.isPlaying;
  }

  /** Goes to the next or the last record that told something new. */
  stepTo(direction: 1 | -1): void {
    const { timeline } = this;
    let place = timeline.placeAt(this.view.now) + (direction > 0 ? 0 : -1);
    const here = this.view.now;
    for (; place >= timeline.start && place < timeline.end; place += direction) {
      const told = timeline.get(place);
      if (told?.isNews && told.record.at_ms !== here) {
        this.seek(told.record.at_ms);
        return;
      }
    }
    this.seek(direction > 0 ? timeline.head.at : timeline.firstAt);
  }

  say(text: string, isError: boolean): void {
    this.notice = { text, isError };
    window.clearTimeout(this.#noticeTimer);
    this.#noticeTimer = window.setTimeout(() => (this.notice = null), isError ? 9000 : 5000);
  }

  /** Does something at the server, and says what came of it. */
  async attempt<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error), true);
      return null;
    }
  }

  /** Takes in what has come, moves on, and sets `view`. `wall` is the browser's clock. */
  frame(wall: number): void {
    const elapsed = Math.min(250, wall - this.#lastFrame);
    this.#lastFrame = wall;
    const { timeline } = this;
    if (this.#queue.length > 0) {
      let taken = 0;
      const begin = performance.now();
      while (taken < this.#queue.length) {
        const record = this.#queue[taken];
        if (record) timeline.push(record);
        taken += 1;
        // A page that is not seen has all the time, and must not let them pile up.
        const isOver = taken % BATCH === 0 && performance.now() - begin > BATCH_MS;
        if (isOver && !document.hidden) break;
      }
      this.#queue.splice(0, taken);
    }
    const head = timeline.head;
    if (this.#wantedAt !== null && head.at >= this.#wantedAt && this.origin === "live") {
      this.seek(this.#wantedAt);
      this.#wantedAt = null;
    }
    if (this.isLive) {
      if (head.at !== this.#headSeen.at) {
        this.#headSeen = { at: head.at, on: wall };
        this.#measure(head.at, wall);
      }
      const speed = this.liveSpeed;
      const ahead = Math.min(AHEAD_MAX_MS, wall - this.#headSeen.on) * speed;
      const now = Math.max(head.at, Math.min(this.view.now + elapsed * speed, head.at + ahead));
      this.view = { state: head, now, place: timeline.end, timeline };
      return;
    }
    if (this.isPlaying) {
      this.#position = Math.min(this.#position + elapsed * this.speed, head.at);
      if (this.#position >= head.at) {
        if (this.origin === "live") this.isLive = true;
        else this.isPlaying = false;
      }
    }
    const place = timeline.placeAt(this.#position);
    const isSame =
      place === this.view.place && this.view.timeline === timeline && this.view.now === this.#position;
    if (isSame) return;
    this.view = { state: timeline.stateAfter(place), now: this.#position, place, timeline };
  }

  /** Compares the clocks, about once a second. */
  #measure(at: number, wall: number): void {
    const passed = wall - this.#measured.on;
    if (passed < MEASURE_MS) return;
    const isFirst = this.#measured.on === 0 || at < this.#measured.at;
    const ratio = (at - this.#measured.at) / passed;
    this.#measured = { at, on: wall };
    // The first records come all at once.
    if (isFirst || passed > 8 * MEASURE_MS) return;
    this.liveSpeed += (Math.max(0.02, Math.min(64, ratio)) - this.liveSpeed) / 2;
  }

  #reset(origin: Origin): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#queue = [];
    this.timeline = new Timeline();
    this.origin = origin;
    this.opened += 1;
    this.isLive = origin === "live";
    this.isPlaying = true;
    this.#headSeen = { at: -1, on: 0 };
    this.#measured = { at: 0, on: 0 };
    this.liveSpeed = 1;
    const state = this.timeline.head;
    this.view = { state, now: 0, place: 0, timeline: this.timeline };
  }

  /** Asks now and then for what no record tells: hash rates, and what is stored of new blocks. */
  async #sample(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!document.hidden && this.timeline.end > 0) {
        const peers = await this.client.peers().catch(() => []);
        const hashes = peers.map((it): [string, number] => [it.peer, it.hashes]);
        const blocks = await this.#storedBlocks().catch(() => []);
        if (signal.aborted) return;
        if (hashes.length > 0) this.#tell({ event: "hashes_sampled", hashes });
        if (blocks.length > 0) this.#tell({ event: "blocks_sampled", blocks });
      }
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  }

  /** Returns the blocks at the end of the best chain of which nothing stored is known yet. */
  async #storedBlocks(): Promise<StoredFacts[]> {
    if (!this.node?.can.blocks) return [];
    const heights = heightsOf(this.timeline.head, STORED_MAX);
    const first = heights.find((it) => it.block.stored === null);
    if (!first) return [];
    const page = await this.client.blocks(first.height);
    return page.items.map((it) => ({
      hash: it.hash,
      height: it.height,
      previous: it.previous,
      work: Number(it.work),
      difficulty: it.difficulty,
      entries: it.entries.length,
    }));
  }

  #tell(sampled: Sampled): void {
    const at_ms = Math.max(this.timeline.head.at, this.view.now);
    this.#queue.push({ sequence: -1, time: "", at_ms, ...sampled });
  }
}
