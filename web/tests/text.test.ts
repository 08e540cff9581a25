/** Sentences, rules, ballots, geometry, and the bytes of the feed. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EXPLANATIONS, RULES, tourOf } from "../src/app/explain";
import { EventReader, readFile } from "../src/feed/stream";
import { ballotOf, countHeard, entryOf } from "../src/fold/ballots";
import { ruleIn, sentenceOf } from "../src/fold/sentence";
import { clock, duration, scaled } from "../src/fold/text";
import { kindOf } from "../src/parts/kinds";
import { isRightOf, onTheWay, placesOn } from "../src/parts/geometry";
import { DIALECTS, linesOf, recordsOf, stateOf, told } from "./logs";

describe("sentences", () => {
  it.each(DIALECTS)("every line of %s is a sentence, and its rule is explained", (name) => {
    const records = recordsOf(name);
    const state = stateOf(records);
    for (const record of records) {
      const sentence = sentenceOf(state, record);
      expect(sentence?.text, record.event).toMatch(/^\S.* .*\S$/);
      expect(sentence?.text).not.toBe(record.event.replaceAll("_", " "));
      expect(sentence?.text).not.toMatch(/undefined|null|NaN|\[object/);
      if (sentence?.rule) expect(Object.keys(RULES)).toContain(sentence.rule);
    }
  });

  it("a refusal names its rule", () => {
    const state = stateOf([told(1, "7", { event: "connected" })]);
    const reason = "it is not signed by its key (rule A2)";
    const refused = told(2, "7", { event: "message_refused", claimed: "9", reason });
    expect(sentenceOf(state, refused)).toEqual({
      text: `peer 1 refuses a message of …9: ${reason}`,
      topic: "refused",
      rule: "A2",
    });
    const second = { event: "message_refused", claimed: "9", reason: "a second vote", rule: "V3" };
    expect(sentenceOf(state, told(2, "7", second))?.rule).toBe("V3");
    const bytes = { event: "message_refused", topic: "init", reason: "no message", bytes: "{oops" };
    expect(sentenceOf(state, told(2, "7", bytes))?.text).toContain("on init: no message ({oops)");
    expect(ruleIn("as rules V3 and I6 say")).toBe("V3");
    expect(ruleIn("no number")).toBeNull();
    const plain = told(2, "7", { event: "message_refused", claimed: "9", reason: "no number" });
    expect(sentenceOf(state, plain)?.rule).toBeNull();
  });

  it("tells of the record, and not of what has come since", () => {
    const lost = (by: string) => told(2, by, { event: "peer_lost", lost: "9" });
    const heard = ["7", "8", "9"].map((id) => told(1, id, { event: "connected" }));
    const early = stateOf([...heard, lost("7")]);
    const late = stateOf([...heard, lost("7"), lost("8")]);
    expect(sentenceOf(late, lost("7"))).toEqual(sentenceOf(early, lost("7")));
  });

  it("says on which side of the others a clock is", () => {
    const wrong = (ahead_s: number) =>
      sentenceOf(stateOf([]), told(1, "7", { event: "clock_wrong", ahead_s }))?.text;
    expect(wrong(90)).toContain("90 s ahead of that of");
    expect(wrong(-90)).toContain("90 s behind that of");
  });

  it("names what a peer begins with, and what on its disk is not valid", () => {
    const started = (fields: object) =>
      sentenceOf(stateOf([]), told(1, "7", { event: "started", ...fields }));
    expect(started({ blocks: 3, left_out: 2 })).toMatchObject({
      text: "…7 starts with 3 blocks from before; 2 blocks on its disk are not valid",
      rule: null,
    });
    expect(started({ rows: 1 })).toMatchObject({ rule: "I1" });
  });
});

describe("explanations", () => {
  const protocol = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");

  it("every rule that is quoted is in docs/protocol.md", () => {
    for (const rule of Object.keys(RULES)) expect(protocol).toContain(`**${rule}**`);
  });

  it("every element that is explained is on the page, and no other is asked for", () => {
    const source = new URL("../src/", import.meta.url);
    const files = readdirSync(source, { recursive: true, encoding: "utf8" });
    const text = files
      .filter((it) => it.endsWith(".svelte"))
      .map((it) => readFileSync(new URL(it, source), "utf8"))
      .join("");
    for (const key of Object.keys(EXPLANATIONS)) expect(text).toContain(`"${key}"`);
    for (const [, key] of text.matchAll(/(?:data-explain|about)="([a-z]+)"/g)) {
      expect(Object.keys(EXPLANATIONS)).toContain(key);
    }
  });

  it("every rule behind an element has its sentence, and every step of the tour its element", () => {
    for (const { rules } of Object.values(EXPLANATIONS)) {
      expect(rules.length).toBeGreaterThan(0);
      for (const rule of rules) expect(Object.keys(RULES)).toContain(rule);
    }
    const kinds = ["rounds", "chain"] as const;
    const steps = kinds.flatMap((kind) => [tourOf(kind, true), tourOf(kind, false)]);
    expect(steps.map((it) => it.length)).toEqual([5, 5, 5, 5]);
    const hasPlug = steps.map((it) => it.some(({ key }) => key === "plug"));
    expect(hasPlug).toEqual([true, false, true, false]);
    // Where all peers may find a block, none leads.
    expect(tourOf("chain", true).some((it) => /leader and/.test(it.text))).toBe(false);
    for (const { key } of steps.flat()) expect(Object.keys(EXPLANATIONS)).toContain(key);
  });
});

describe("ballots", () => {
  it("the first of each voter counts, and refused ones do not", () => {
    const pooled = (voter: string, choice: string) =>
      told(1, "1", { event: "entry_pooled", entry: entryOf({ voter, choice }) });
    const state = stateOf([
      pooled("ada", "yes"),
      pooled("ada", "no"),
      pooled("bob", "no"),
      pooled("eve", "no"),
      told(2, "1", {
        event: "entry_refused",
        entry: entryOf({ voter: "eve", choice: "no" }),
        reason: "eve has voted",
      }),
      told(3, "1", { event: "entry_pooled", entry: "no ballot" }),
    ]);
    expect(countHeard(state)).toEqual([
      { choice: "no", votes: 1 },
      { choice: "yes", votes: 1 },
    ]);
    expect(ballotOf("[1]")).toBeNull();
  });
});

describe("the feed", () => {
  const lines = linesOf("cs60");
  const records = recordsOf("cs60");

  it("is read in whatever pieces its bytes come", () => {
    const text = lines.map((line, at) => `id: ${at}\nevent: record\ndata: ${line}\n\n`).join("");
    const bytes = new TextEncoder().encode(`: hello\n\n${text}`);
    for (const size of [1, 7, 64, bytes.length]) {
      const reader = new EventReader();
      const read = [];
      for (let at = 0; at < bytes.length; at += size) {
        read.push(...reader.read(bytes.subarray(at, at + size)));
      }
      expect(read).toEqual(records);
    }
  });

  it("is read from a file, whose other lines are passed over", async () => {
    const file = new Blob([["no json", ...lines, "{broken", '{"event":1}'].join("\n")]);
    expect(await readFile(file)).toEqual(records);
  });
});

describe("numbers and places", () => {
  it("numbers have the unit that suits them", () => {
    expect([0.42, 12, 830, 3210, 125_000].map(duration)).toEqual([
      "0.4 ms",
      "12.0 ms",
      "830 ms",
      "3.2 s",
      "2 min 5 s",
    ]);
    expect([clock(7340), clock(723_000), clock(12.3456, 3)]).toEqual(["0:07.3", "12:03.0", "0:00.012"]);
    expect([999, 1200, 830_000, 2_500_000].map(scaled)).toEqual(["999", "1.2 k", "830 k", "2.5 M"]);
  });

  it("messages have the kinds of the legend, whatever networks call them", () => {
    const named = (kind: string, isChain = false) => kindOf(kind, isChain);
    expect(named("coordinator")).toBe("election");
    expect(named("verdict")).toBe("vote");
    expect([named("announcement"), named("announcement", true)]).toEqual(["other", "block"]);
  });

  it("a line across the ring divides it, and a message goes from peer to peer", () => {
    const places = placesOn(4, 100, 80);
    const left = places.filter((it) => isRightOf(it, { x: 120, y: 200 }, { x: 120, y: 0 }));
    expect(left).toHaveLength(1);
    const [from, to] = [places[0]!, places[1]!];
    expect(onTheWay(from, to, 100, 0)).toEqual(from);
    expect(onTheWay(from, to, 100, 1).x).toBeCloseTo(to.x);
  });
});
