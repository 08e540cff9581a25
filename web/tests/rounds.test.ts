/** Rounds in the order in which slow and honest peers report them: the rule of crates/board. */
import { describe, expect, it } from "vitest";
import type { Record } from "../src/feed/record";
import { headlineOf, majority, votesNeeded } from "../src/fold/headline";
import { sentenceOf } from "../src/fold/sentence";
import { waitsFor } from "../src/fold/waiting";
import { stateOf, told } from "./logs";

const members = ["1", "2", "3", "4"];
const meeting = [
  ...members.map((id) => told(1, id, { event: "connected" })),
  ...members.map((id) => told(2, id, { event: "membership_settled", members, member: true })),
  told(3, "1", { event: "leader_elected", leader: "2", term: 0, draw: "9" }),
];
const after = (...records: Record[]) => stateOf([...meeting, ...records]);

const asks = (at: number, by: string, challenge: number, leader = "2") =>
  told(at, by, { event: "challenge_issued", transaction: 0, challenge, leader });
const solves = (at: number, by: string, finder: string) =>
  told(at, by, { event: "solution_found", transaction: 0, finder, seed: `of ${finder}` });
const fails = (at: number, by: string) =>
  told(at, by, { event: "round_failed", transaction: 0, yes: 1, no: 3 });
const decides = (at: number, by: string, winner: string, yes = 3) =>
  told(at, by, {
    event: "round_decided",
    transaction: 0,
    challenge: 9,
    seed: `of ${winner}`,
    winner,
    yes,
    no: 0,
    voters: [],
  });
const waits = (at: number, by: string, what: string, more: object = {}) =>
  told(at, by, { event: "waiting", for: what, ...more });

describe("a row that is mined again", () => {
  it("begins again once for each lost vote, however late others report it", () => {
    const state = after(
      asks(10, "2", 9),
      solves(11, "1", "1"),
      fails(12, "1"),
      solves(13, "1", "3"),
      fails(14, "2"),
      fails(15, "3"),
    );
    expect(state.current?.failures).toBe(1);
    expect(state.current?.solutions.map((it) => it.finder)).toEqual(["3"]);
    const again = after(asks(10, "2", 9), fails(12, "1"), fails(13, "2"), fails(20, "2"));
    expect(again.current?.failures).toBe(2);
  });
});

describe("a peer that crashes", () => {
  it("searches no more, until it has started again and heard the challenge", () => {
    const crashed = told(20, null, { event: "peer_crashed", crashed: "3" });
    const lane = (...records: Record[]) =>
      after(asks(10, "2", 9), asks(11, "3", 9), crashed, ...records).current?.lanes.get("3");
    expect(lane()).toMatchObject({ challengeAt: 11, stoppedAt: 20 });
    const restarted = told(30, null, { event: "peer_restarted", restarted: "3" });
    expect(lane(restarted)).toEqual({ checked: 0 });
    expect(lane(restarted, asks(35, "3", 9))).toEqual({ checked: 0, challengeAt: 35 });
  });

  it("and one that is frozen goes on where it stood", () => {
    const frozen = told(20, null, { event: "peer_frozen", frozen: "3" });
    const records = [...meeting, asks(10, "2", 9), asks(11, "3", 9), frozen];
    expect(stateOf(records).current?.lanes.get("3")?.stoppedAt).toBe(20);
    const thawed = stateOf([...records, told(25, null, { event: "peer_thawed", thawed: "3" })]);
    expect(thawed.current?.lanes.get("3")).toEqual({ checked: 0, challengeAt: 11 });
  });
});

describe("another challenge for the same row", () => {
  it("counts if it is easier, and a late report of the one before changes nothing", () => {
    const state = after(asks(10, "2", 20), asks(40, "2", 10), solves(41, "2", "4"), asks(42, "3", 20));
    expect(state.current?.challenge?.bits).toBe(10);
    expect(state.current?.solutions).toHaveLength(1);
  });

  it("counts if another leader asks that is known to lead, and not otherwise", () => {
    const stranger = after(asks(10, "2", 9), solves(11, "1", "1"), asks(12, "3", 5, "4"));
    expect(stranger.current?.challenge).toMatchObject({ bits: 9, leader: "2" });
    const elected = told(12, "1", { event: "leader_elected", leader: "4", term: 1 });
    const known = after(asks(10, "2", 9), solves(11, "1", "1"), elected, asks(13, "3", 12, "4"));
    expect(known.current?.challenge).toMatchObject({ bits: 12, leader: "4" });
    expect(known.current?.solutions).toEqual([]);
  });

  it("leaves a row that is decided as it was", () => {
    const state = after(asks(10, "2", 9), solves(11, "1", "1"), decides(12, "1", "1"), asks(13, "3", 5));
    expect(state.previous?.challenge?.bits).toBe(9);
    expect(state.previous?.solutions).toHaveLength(1);
  });
});

describe("what peers have recorded", () => {
  it("is compared, and another winner is news", () => {
    const state = after(asks(10, "2", 9), decides(12, "1", "1"), decides(13, "3", "1"));
    expect(state.rows[0]?.others.size).toBe(0);
    const other = decides(14, "4", "3");
    const differing = after(asks(10, "2", 9), decides(12, "1", "1"), other);
    expect([...(differing.rows[0]?.others ?? [])]).toEqual([["4", { seed: "of 3", winner: "3" }]]);
    expect(sentenceOf(differing, other)).toMatchObject({
      topic: "refused",
      text: "peer 4 has another winner of row 0: peer 3 with of 3",
    });
  });
});

describe("a majority", () => {
  it("is one of all members, also of those that are not shown", () => {
    const many = Array.from({ length: 600 }, (_, at) => String(at));
    const state = stateOf([
      told(1, "1", { event: "membership_settled", members: many, member: true }),
    ]);
    expect(majority(state)).toBe(301);
  });

  it("is needed only where rows are decided by one", () => {
    expect(votesNeeded(after(asks(10, "2", 9)))).toBeNull();
    expect(votesNeeded(after(decides(12, "1", "1")))).toBe(3);
    const byLeader = after(decides(12, "1", "1", 1));
    expect(votesNeeded(byLeader)).toBeNull();
    expect(sentenceOf(byLeader, decides(12, "1", "1", 1))?.rule).toBeNull();
  });

  it("is missing when those that crashed are too many for the rest", () => {
    const crashed = ["3", "4"].map((id) => told(5, null, { event: "peer_crashed", crashed: id }));
    const few = { here: 2, needed: 3 };
    const one = after(...crashed, waits(6, "1", "majority", few));
    expect(headlineOf(one, 7).stage).toBe("no majority");
    const restarted = told(8, null, { event: "peer_restarted", restarted: "4" });
    const again = [restarted, told(9, "4", { event: "connected" })];
    const enough = after(...crashed.slice(1), ...again, waits(6, "1", "majority", few));
    expect(headlineOf(enough, 10).stage).not.toBe("no majority");
  });

  it("is not what observers make up", () => {
    const observes = { event: "membership_settled", members, member: false };
    const records = ["5", "6", "7"].flatMap((id) => [
      told(4, id, { event: "connected" }),
      told(4, id, observes),
    ]);
    const few = { here: 2, needed: 3 };
    const state = after(...records, waits(6, "1", "majority", few), waits(7, "2", "majority", few));
    expect(headlineOf(state, 8).stage).toBe("no majority");
  });

  it("is told by a peer that is alone on its page", () => {
    const state = stateOf([
      told(1, "1", { event: "connected" }),
      told(2, "1", { event: "membership_settled", members, member: true }),
      told(3, "1", { event: "leader_elected", leader: "2", term: 0 }),
      waits(9, "1", "majority", { here: 1, needed: 3 }),
    ]);
    expect(headlineOf(state, 10)).toMatchObject({ stage: "no majority", detail: "1 of 3 can be heard" });
  });
});

describe("what is waited for", () => {
  const missing = ["3", "4"];
  const reasons: [string, object, string, string][] = [
    ["peers", { here: 2, needed: 4 }, "2 of 4 are here", "G3"],
    ["adoption", { here: 2, needed: 4, missing }, "2 of 4 have; not peer 3, peer 4", "G3"],
    ["majority", { here: 2, needed: 3 }, "2 of 3 can be heard", "W4"],
    ["leader", { here: 2, needed: 3, missing }, "not peer 3, peer 4", "W4"],
    ["challenge", { leader: "2", transaction: 5 }, "peer 2's (row 5)", "W4"],
    ["votes", { transaction: 5, here: 1, needed: 3, missing }, "(row 5); 1 of 3 have said yes", "W4"],
    ["secret", { transaction: 5 }, "only the leader knows (row 5)", "P18"],
    ["confirmation", { here: 1, needed: 2, missing }, "1 of 2 have", "I3"],
    ["copied", {}, "a copy of it takes part", "I5"],
    ["missed", { transaction: 5 }, "the next session", "P19"],
    ["messages", { transaction: 5 }, "messages (row 5)", "P6"],
  ];

  it.each(reasons)("%s is said in words, with its rule", (what, more, words, rule) => {
    const record = waits(5, "1", what, more);
    const sentence = sentenceOf(after(record), record);
    expect(sentence?.text).toContain(`peer 1 waits for ${waitsFor(what)}`);
    expect(sentence?.text).toContain(words);
    expect(sentence?.rule).toBe(rule);
  });

  it("names few of many that are missing", () => {
    const many = Array.from({ length: 9 }, (_, at) => String(at + 1));
    const record = waits(5, "1", "leader", { here: 1, needed: 9, missing: many });
    expect(sentenceOf(after(), record)?.text).toMatch(/peer 4 and 5 more$/);
  });

  it("is not what all wait for, if it is about one peer alone", () => {
    const record = waits(5, "1", "confirmation", { here: 1, needed: 2, missing: [] });
    const state = after(record);
    expect(state.waiting).toBeNull();
    expect(state.peers.get("1")?.waiting).toBe("confirmation");
  });

  it("is over for a peer that crashes, and for all once all have every row", () => {
    const record = waits(5, "1", "messages", { transaction: 0 });
    const crashed = after(record, told(6, null, { event: "peer_crashed", crashed: "1" }));
    expect(crashed.peers.get("1")?.waiting).toBeNull();
    const done = after(record, told(6, "2", { event: "all_recorded" }));
    expect(done.peers.get("1")?.waiting).toBeNull();
  });

  it("goes on when another leader leads in the same term", () => {
    const record = waits(5, "1", "leader", { here: 2, needed: 3, missing });
    const elected = (term: number) => told(6, "1", { event: "leader_elected", leader: "3", term });
    expect(after(record, elected(0)).waiting?.what).toBe("leader");
    expect(after(record, elected(1)).waiting).toBeNull();
  });
});

it("a stranger's names add no lane to a round", () => {
  const reason = "it is not a member (rule A1)";
  const claims = Array.from({ length: 500 }, (_, at) =>
    told(11 + at, "1", { event: "message_refused", claimed: `stranger ${at}`, reason }),
  );
  const state = after(asks(10, "2", 9), ...claims);
  expect([...(state.current?.lanes.keys() ?? [])]).toEqual(["2"]);
});
