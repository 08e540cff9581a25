/** What came of a ballot that was cast, in words for its voter. */
import type { Submitted } from "../api/types";

export interface Outcome {
  text: string;
  isBad: boolean;
  /** Whether it may be cast again as it is written, since its names only look like others. */
  isDoubted: boolean;
}

/** Returns what the server's answer means for the ballot. */
export function outcomeOf(answer: Submitted): Outcome {
  switch (answer.answer) {
    case "added": {
      const held = answer.held ? "another peer holds it" : "no other peer is known to hold it yet";
      const text = `Your ballot is in block ${answer.height}; ${held}.`;
      return { text, isBad: false, isDoubted: false };
    }
    case "invalid":
      return { text: `It does not count: ${answer.reason}.`, isBad: true, isDoubted: false };
    case "doubted":
      return { text: `It is not cast yet: ${answer.reason}.`, isBad: true, isDoubted: true };
    case "overtaken": {
      const text = "Another block came first, and it is not in the chain; cast it again.";
      return { text, isBad: true, isDoubted: false };
    }
  }
}
