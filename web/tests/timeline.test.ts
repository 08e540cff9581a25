/** Any moment of a recording can be shown again. */
import { describe, expect, it } from "vitest";
import { fold } from "../src/fold/fold";
import { emptyState } from "../src/fold/state";
import { Timeline } from "../src/fold/timeline";
import { DIALECTS, recordsOf, stateOf, told } from "./logs";

describe.each(DIALECTS)("the time of %s", (name) => {
  const records = recordsOf(name);
  const timeline = new Timeline();
  for (const record of records) timeline.push(record);

  it("has at each moment the state of the records until then, forward and back", () => {
    const places = [records.length, 3, Math.floor(records.length / 2), 0, records.length - 1];
    for (const place of places) {
      expect(timeline.stateAfter(place)).toEqual(stateOf(records.slice(0, place)));
    }
  });

  it("ends where the live page ends", () => {
    expect(timeline.stateAfter(timeline.end)).toEqual(timeline.head);
  });
});

it("a moment is found by its time", () => {
  const timeline = new Timeline();
  for (const at of [10, 20, 20, 30]) timeline.push(told(at, "1", { event: "connected" }));
  expect([5, 10, 20, 25, 99].map((at) => timeline.placeAt(at))).toEqual([0, 1, 3, 3, 4]);
});

it("a long log drops its beginning and still shows the rest as it was", () => {
  const timeline = new Timeline();
  const state = emptyState();
  const count = 170_000;
  const checked = 165_432;
  let expected = 0;
  for (let number = 0; number < count; number += 1) {
    const record = told(number, String(number % 7), { event: "connected" });
    timeline.push(record);
    fold(state, record);
    if (number === checked) expected = state.records;
  }
  expect(timeline.start).toBeGreaterThan(0);
  expect(timeline.end).toBe(count);
  expect(timeline.get(0)).toBeNull();
  expect(timeline.stateAfter(checked + 1).records).toBe(expected);
  expect(timeline.stateAfter(0).records).toBe(timeline.start);
});

it("what stands out is marked: other leaders and branches, and what was broken", () => {
  const timeline = new Timeline();
  const elected = { event: "leader_elected", leader: "1", term: 0 };
  timeline.push(told(1, "1", { event: "connected" }));
  timeline.push(told(2, "1", elected));
  timeline.push(told(3, "2", elected));
  timeline.push(told(4, null, { event: "peer_crashed", crashed: "1" }));
  expect(timeline.marks).toEqual([
    { at: 2, tone: "leader" },
    { at: 4, tone: "fault" },
  ]);
});

it("the density counts every record of a short log", () => {
  const timeline = new Timeline();
  for (let at = 0; at < 100; at += 1) timeline.push(told(at, "1", { event: "connected" }));
  const { counts } = timeline.density(10);
  expect(counts.reduce((sum, it) => sum + it, 0)).toBe(100);
  expect(Math.min(...counts)).toBeGreaterThan(0);
});
