/** What a voter is told. */
import { describe, expect, it } from "vitest";
import { outcomeOf } from "../src/app/casting";

describe("a ballot that is cast", () => {
  it("is told as what has come of it, and may be cast as written only if it is doubted", () => {
    const told = [
      outcomeOf({ answer: "added", height: 7, held: true, lost_races: 0, confirmations: 1 }),
      outcomeOf({ answer: "invalid", reason: "ann has voted" }),
      outcomeOf({ answer: "doubted", reason: '"Ann" looks like "ann"' }),
      outcomeOf({ answer: "overtaken" }),
    ];
    expect(told.map((it) => it.isBad)).toEqual([false, true, true, true]);
    expect(told.map((it) => it.isDoubted)).toEqual([false, false, true, false]);
    const [added, invalid, doubted, overtaken] = told.map((it) => it.text);
    expect(added).toContain("block 7; another peer holds it");
    expect(invalid).toContain("ann has voted");
    expect(doubted).toContain('"Ann" looks like "ann"');
    expect(overtaken).toContain("Another block came first");
  });
});
