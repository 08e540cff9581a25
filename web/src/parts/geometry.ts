/** Where peers stand in the ring, and on which side of a line. */

export interface Place {
  x: number;
  y: number;
}

/** Returns the places of so many peers on a circle, the first at the top, clockwise. */
export function placesOn(count: number, centre: number, radius: number): Place[] {
  return Array.from({ length: count }, (_, index) => {
    const angle = (index / Math.max(1, count)) * 2 * Math.PI - Math.PI / 2;
    return { x: centre + radius * Math.cos(angle), y: centre + radius * Math.sin(angle) };
  });
}

/** Returns the diameter of a peer, so that neighbours do not touch. */
export function diameterOf(count: number, radius: number): number {
  const room = (2 * Math.PI * radius) / Math.max(1, count);
  return Math.max(7, Math.min(46, room * 0.62));
}

/** Returns whether a place is right of the line that goes from one point to another. */
export function isRightOf(place: Place, from: Place, to: Place): boolean {
  return (to.x - from.x) * (place.y - from.y) - (to.y - from.y) * (place.x - from.x) > 0;
}

/** Returns a point on the way between two places, bent towards the centre; `part` from 0 to 1. */
export function onTheWay(from: Place, to: Place, centre: number, part: number): Place {
  const bend = 0.28;
  const midX = (from.x + to.x) / 2 + (centre - (from.x + to.x) / 2) * bend;
  const midY = (from.y + to.y) / 2 + (centre - (from.y + to.y) / 2) * bend;
  const rest = 1 - part;
  return {
    x: rest * rest * from.x + 2 * rest * part * midX + part * part * to.x,
    y: rest * rest * from.y + 2 * rest * part * midY + part * part * to.y,
  };
}

/** Slow at both ends: 0 to 1 for 0 to 1. */
export function eased(part: number): number {
  return part < 0.5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2;
}
