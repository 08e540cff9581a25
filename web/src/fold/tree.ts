/** The chain as it is now: one block for each height, and the branches that do not count. */
import { isHere } from "./peers";
import type { Block, Peer, State } from "./state";

/** One height of the best chain. */
export interface Height {
  height: number;
  block: Block;
  /** Others of the same height, which do not count. */
  rivals: Block[];
  /** Milliseconds since the block before it. */
  took: number | null;
  /** How many peers of `tellingOf` have it in their chain. */
  reached: number;
}

/** Returns the last heights of the best chain, the earliest first. */
export function heightsOf(state: State, most: number): Height[] {
  const byHeight = new Map<number, Block[]>();
  for (const block of state.blocks.values()) {
    const list = byHeight.get(block.height);
    if (list) list.push(block);
    else byHeight.set(block.height, [block]);
  }
  const chain: Block[] = [];
  let at = state.best ? state.blocks.get(state.best) : undefined;
  while (at && chain.length < most) {
    chain.push(at);
    at = before(state, at, byHeight);
  }
  chain.reverse();
  const reached = reachOf(state, byHeight);
  return chain.map((block, index) => {
    const previous = chain[index - 1];
    return {
      height: block.height,
      block,
      rivals: (byHeight.get(block.height) ?? []).filter((it) => it.hash !== block.hash),
      took: previous ? Math.max(0, block.at - previous.at) : null,
      reached: reached.get(block.hash) ?? 0,
    };
  });
}

/** The block before another; the only one of its height, where no record tells. */
function before(state: State, block: Block, byHeight: Map<number, Block[]>): Block | undefined {
  if (block.parent) return state.blocks.get(block.parent);
  const candidates = byHeight.get(block.height - 1) ?? [];
  return candidates.find((it) => it.finder === block.finder) ?? candidates[0];
}

/** Returns the peers that are here and tell which chain they have. */
export function tellingOf(state: State): Peer[] {
  return [...state.peers.values()].filter((peer) => peer.tip !== null && isHere(peer));
}

/** Counts for each block the peers that have it in their chain. */
function reachOf(state: State, byHeight: Map<number, Block[]>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const peer of tellingOf(state)) {
    let at = peer.tip ? state.blocks.get(peer.tip.hash) : undefined;
    while (at) {
      counts.set(at.hash, (counts.get(at.hash) ?? 0) + 1);
      at = before(state, at, byHeight);
    }
  }
  return counts;
}

/**
 * Returns the height up to which all peers that are here have the same chain; null if there is none,
 * or if only one peer tells of itself, which agrees with no other by that.
 */
export function agreedHeight(state: State, heights: Height[]): number | null {
  const here = tellingOf(state).length;
  if (here < 2) return null;
  const agreed = heights.findLast((it) => it.reached >= here);
  return agreed?.height ?? null;
}
