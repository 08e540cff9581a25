/** The fold of records into what the page shows. */
import { describe, expect, it } from "vitest";
import type { Record } from "../src/feed/record";
import { headlineOf, majority } from "../src/fold/headline";
import { nameOf, peersOf, suspicion } from "../src/fold/peers";
import { sentenceOf } from "../src/fold/sentence";
import { FLIGHTS_MAX, PEERS_MAX, ROWS_MAX } from "../src/fold/state";
import { agreedHeight, heightsOf } from "../src/fold/tree";
import { recordsOf, stateOf, told } from "./logs";

type Decided = Extract<Record, { event: "round_decided" }>;
type Tip = Extract<Record, { event: "tip_changed" }>;

describe.each(["elect-chain", "paced", "sd", "ppd"])("a recording of %s", (name) => {
  const records = recordsOf(name);
  const state = stateOf(records);
  const decided = records.filter((it): it is Decided => it.event === "round_decided");

  it("gives the table that the peers have recorded", () => {
    const rows = new Map(decided.map((it) => [it.transaction, [it.challenge, it.seed, it.winner]]));
    expect(state.rows.map((it) => [it.transaction, [it.challenge, it.seed, it.winner]])).toEqual([
      ...rows,
    ]);
    expect(state.next).toBe(rows.size);
    expect(state.finished).toBe(true);
  });

  it("knows each peer, the last leader, and who has won how often", () => {
    const reporters = new Set(records.flatMap((it) => it.peer ?? []));
    expect(new Set(state.peers.keys())).toEqual(reporters);
    const last = records.findLast((it) => it.event === "challenge_issued");
    expect(state.leader?.peer).toBe(last && "leader" in last ? last.leader : null);
    const won = peersOf(state).reduce((sum, peer) => sum + peer.won, 0);
    expect(won).toBe(state.rows.length);
    expect(peersOf(state).every((peer) => peer.member && peer.next === state.next)).toBe(true);
  });

  it("shows in the last round what each peer did, in the order in which it must happen", () => {
    const round = state.previous;
    expect(round?.challenge).not.toBeNull();
    for (const lane of round?.lanes.values() ?? []) {
      const from = lane.challengeAt ?? 0;
      expect(from).toBeGreaterThan(0);
      expect(lane.decidedAt ?? Infinity).toBeGreaterThanOrEqual(from);
    }
    expect(round?.lanes.get(round.row?.winner ?? "")?.foundAt).toBeDefined();
    const least = Math.ceil(state.peers.size / 2);
    expect(round?.row?.yes).toBeGreaterThanOrEqual(least);
  });

  it("infers messages, since the feed does not tell of them", () => {
    expect(state.flightsTold).toBe(false);
    const kinds = new Set(state.flights.map((it) => it.kind));
    expect(kinds).toContain("challenge");
    expect(kinds).toContain("vote");
  });
});

describe.each(["cs60", "aviary", "open"])("a recording of %s", (name) => {
  const records = recordsOf(name);
  const state = stateOf(records);

  it("gives each peer the tip that it has told last, and the longest of them", () => {
    const tips = new Map<string, [number, string]>();
    for (const it of records.filter((it): it is Tip => it.event === "tip_changed")) {
      tips.set(it.peer ?? "", [it.height, it.hash]);
    }
    const shown = peersOf(state).map((it) => [it.id, it.tip ? [it.tip.height, it.tip.hash] : null]);
    expect(shown.filter(([, tip]) => tip !== null)).toEqual(
      [...state.peers.keys()].filter((id) => tips.has(id)).map((id) => [id, tips.get(id)]),
    );
    const highest = Math.max(...[...tips.values()].map(([height]) => height));
    expect(state.blocks.get(state.best ?? "")?.height).toBe(highest);
  });

  it("has one block of each height in the chain, each on the one before", () => {
    const heights = heightsOf(state, 100);
    const first = heights[0]?.height ?? 0;
    expect(heights.map((it) => it.height)).toEqual(heights.map((_, at) => first + at));
    heights.slice(1).forEach((it, at) => {
      expect(it.block.parent ?? heights[at]?.block.hash).toBe(heights[at]?.block.hash);
    });
    for (const it of heights) {
      expect(it.rivals.every((rival) => rival.height === it.height)).toBe(true);
    }
  });

  it("counts each block that was found for its finder", () => {
    const found = records.filter((it) => it.event === "block_mined").length;
    expect(peersOf(state).reduce((sum, peer) => sum + peer.won, 0)).toBe(found);
  });
});

describe("rounds", () => {
  const members = ["1", "2", "3", "4"];
  const meeting = [
    ...members.map((id) => told(1, id, { event: "connected" })),
    told(2, "1", { event: "membership_settled", members, member: true }),
    told(3, "1", { event: "leader_elected", leader: "2", term: 0, draw: "9" }),
  ];

  it("the first report counts and later ones change only what is shown of the peer", () => {
    const ask = { event: "challenge_issued", transaction: 0, challenge: 9, leader: "2" };
    const state = stateOf([...meeting, told(10, "2", ask), told(14, "3", ask)]);
    expect(state.current?.challenge).toEqual({ bits: 9, leader: "2", at: 10 });
    expect(state.current?.lanes.get("3")?.challengeAt).toBe(14);
  });

  it("an easier challenge for the same row begins the round again", () => {
    const state = stateOf([
      ...meeting,
      told(10, "2", { event: "challenge_issued", transaction: 0, challenge: 20, leader: "2" }),
      told(11, "3", { event: "solution_found", transaction: 0, finder: "3", seed: "x" }),
      told(40, "2", { event: "challenge_issued", transaction: 0, challenge: 10, leader: "2" }),
    ]);
    expect(state.current?.solutions).toEqual([]);
    expect(state.current?.challenge?.bits).toBe(10);
  });

  it("rows that are decided, or far ahead, are not opened by votes", () => {
    const vote = (transaction: number) => ({
      event: "vote_cast",
      transaction,
      voter: "3",
      seed: "x",
      vote: true,
    });
    const state = stateOf([...meeting, told(10, "3", vote(7))]);
    expect(state.current).toBeNull();
  });

  it("no vote is taken back, and each check of it is counted", () => {
    const vote = (is: boolean) => ({
      event: "vote_cast",
      transaction: 0,
      voter: "3",
      seed: "x",
      vote: is,
    });
    const state = stateOf([
      ...meeting,
      told(10, "3", vote(true)),
      told(11, "1", vote(true)),
      told(12, "2", vote(true)),
      told(13, "3", vote(false)),
    ]);
    expect(state.current?.lanes.get("3")).toMatchObject({ vote: true, voteAt: 10, checked: 2 });
  });

  it("a refused message is shown in the lane of the sender that it names", () => {
    const reason = "it is not signed by its key (rule A2)";
    const state = stateOf([
      ...meeting,
      told(10, "2", { event: "challenge_issued", transaction: 0, challenge: 9, leader: "2" }),
      told(12, "1", { event: "message_refused", claimed: "4", reason }),
    ]);
    expect(state.current?.lanes.get("4")?.refused).toEqual({ at: 12, reason });
    expect(state.peers.get("1")?.refused).toBe(1);
  });

  it("a later leader replaces an earlier one, and a later report of an earlier one does not", () => {
    const state = stateOf([
      ...meeting,
      told(20, "1", { event: "leader_elected", leader: "4", term: 1, draw: "7" }),
      told(21, "3", { event: "leader_elected", leader: "2", term: 0, draw: "9" }),
    ]);
    expect(state.leader).toEqual({ peer: "4", term: 1, draw: "7" });
    expect(state.peers.get("3")?.leader).toBe("2");
  });

  it("a minority that waits does not stop what is said of the others", () => {
    const waits = { event: "waiting", for: "majority", here: 1, needed: 3, transaction: 0 };
    const ask = { event: "challenge_issued", transaction: 0, challenge: 9, leader: "2" };
    const records = [...meeting, told(10, "2", ask), told(11, "4", waits)];
    expect(headlineOf(stateOf(records), 12).stage).toBe("mining");
    const half = stateOf([...records, told(12, "3", waits)]);
    expect(headlineOf(half, 13).stage).toBe("no majority");
  });

  it("a majority is more than half of all members, the dead ones included", () => {
    const state = stateOf([...meeting, told(9, null, { event: "peer_crashed", crashed: "4" })]);
    expect(majority(state)).toBe(3);
    expect(state.peers.get("4")?.crashed).toBe(true);
  });
});

describe("liveness", () => {
  const meeting = ["1", "2", "3"].map((id) => told(1, id, { event: "connected" }));
  const lost = (by: string) => told(5, by, { event: "peer_lost", lost: "3" });

  it("suspicion is the share of the others that have lost a peer, until it is heard", () => {
    const state = stateOf([...meeting, lost("1")]);
    expect(suspicion(state, peersOf(state)[2] ?? peersOf(state)[0]!)).toBe(0.5);
    const both = stateOf([...meeting, lost("1"), lost("2")]);
    expect(suspicion(both, peersOf(both)[2]!)).toBe(1);
    const heard = stateOf([...meeting, lost("1"), told(9, "3", { event: "connected" })]);
    expect(suspicion(heard, peersOf(heard)[2]!)).toBe(0);
  });

  it("a peer without a connection accuses no other", () => {
    const state = stateOf([
      ...meeting,
      told(4, "1", { event: "disconnected", reason: "the cable" }),
      lost("1"),
    ]);
    expect(suspicion(state, peersOf(state)[2]!)).toBe(0);
  });

  it("a rate is the growth between two samples, and a restart begins it again", () => {
    const sample = (at: number, total: number) =>
      told(at, null, { event: "hashes_sampled", hashes: [["1", total]] });
    const state = stateOf([...meeting, sample(1000, 500), sample(2000, 1500)]);
    expect(state.peers.get("1")?.rate).toBe(1000);
    const again = stateOf([...meeting, sample(1000, 500), sample(2000, 10)]);
    expect(again.peers.get("1")?.rate).toBeNull();
  });
});

describe("chains", () => {
  const meeting = ["a", "b", "c"].map((id) => told(1, id, { event: "connected" }));
  const tip = (at: number, peer: string, height: number, hash: string, out = 0, into = 1) =>
    told(at, peer, { event: "tip_changed", height, hash, disconnected: out, connected: into });
  const mined = (at: number, peer: string, height: number, hash: string) =>
    told(at, peer, { event: "block_mined", height, hash });

  it("a branch that is overtaken becomes a rival, and the common part is agreed", () => {
    const state = stateOf([
      ...meeting,
      mined(2, "a", 0, "A0"),
      ...["a", "b", "c"].map((id, at) => tip(3 + at, id, 0, "A0")),
      mined(10, "a", 1, "A1"),
      tip(11, "a", 1, "A1"),
      mined(12, "b", 1, "B1"),
      tip(13, "b", 1, "B1"),
      tip(14, "c", 1, "A1"),
      mined(20, "b", 2, "B2"),
      tip(21, "b", 2, "B2"),
      tip(22, "c", 2, "B2", 1, 2),
    ]);
    const heights = heightsOf(state, 10);
    expect(heights.map((it) => it.block.hash)).toEqual(["A0", "B1", "B2"]);
    expect(heights[1]?.rivals.map((it) => it.hash)).toEqual(["A1"]);
    expect(heights.map((it) => it.reached)).toEqual([3, 2, 2]);
    expect(agreedHeight(state, heights)).toBe(0);
    expect(state.reorgs).toEqual({ count: 1, deepest: 1 });
  });

  it("those that are cut off or stand still are not among those that agree or have a block", () => {
    const records = [
      ...meeting,
      ...["a", "b", "c"].map((id, at) => tip(3 + at, id, 0, "A0")),
      tip(6, "c", 1, "A1"),
      told(7, null, { event: "peer_frozen", frozen: "c" }),
    ];
    const state = stateOf(records);
    expect(heightsOf(state, 10).map((it) => it.reached)).toEqual([2, 0]);
    expect(agreedHeight(state, heightsOf(state, 10))).toBe(0);
    expect(headlineOf(state, 8)).toMatchObject({ title: "Block 1", stage: "0 of 2 have it" });
  });

  it("one peer that tells of itself agrees with no other", () => {
    const found = told(2, "a", { event: "peer_found", found: "b", known: 1 });
    const state = stateOf([told(1, "a", { event: "connected" }), found, tip(3, "a", 0, "A0")]);
    expect(agreedHeight(state, heightsOf(state, 10))).toBeNull();
    expect(headlineOf(state, 4).stage).toBe("1.0 ms ago");
  });

  it("a peer that is gone does not hold back what the others agree on", () => {
    const records = [
      ...meeting,
      ...["a", "b", "c"].map((id, at) => tip(3 + at, id, 0, "A0")),
      tip(11, "a", 1, "A1"),
      tip(12, "b", 1, "A1"),
    ];
    const before = stateOf(records);
    expect(agreedHeight(before, heightsOf(before, 10))).toBe(0);
    const after = stateOf([...records, told(20, null, { event: "peer_crashed", crashed: "c" })]);
    expect(agreedHeight(after, heightsOf(after, 10))).toBe(1);
  });
});

describe("messages", () => {
  const meeting = ["a", "b"].map((id) => told(1, id, { event: "connected" }));

  it("that the feed tells of are shown as it tells, and none is inferred beside them", () => {
    const state = stateOf([
      ...meeting,
      told(2, "a", { event: "message_sent", kind: "vote" }),
      told(3, "b", { event: "message_lost", kind: "vote", from: "a", to: "b", reason: "cut" }),
      told(4, "a", { event: "block_mined", height: 1, hash: "A1" }),
    ]);
    expect(state.flights).toEqual([
      { at: 2, kind: "vote", from: "a", to: null, lost: false },
      { at: 3, kind: "vote", from: "a", to: "b", lost: true },
    ]);
  });

  it("that are inferred take as long as the reports of others show", () => {
    const slow = (at: number, hash: string) => [
      told(at, "a", { event: "block_mined", height: at, hash }),
      told(at + 900, "b", {
        event: "tip_changed",
        height: at,
        hash,
        disconnected: 0,
        connected: 1,
      }),
    ];
    const records = Array.from({ length: 80 }, (_, at) => slow(at * 1000, `h${at}`)).flat();
    expect(stateOf([...meeting, ...records]).latency).toBeGreaterThan(700);
  });
});

describe("faults", () => {
  it("are set and cleared, and a peer that breaks the rules is so until it starts again", () => {
    const turned = [
      told(1, "a", { event: "connected" }),
      told(2, null, { event: "fault_set", fault: 4, kind: "byzantine", sentence: "a lies" }),
      told(3, null, { event: "peer_restarted", restarted: "a", byzantine: "votes-twice" }),
    ];
    const state = stateOf(turned);
    expect([...state.faults]).toEqual([[4, "a lies"]]);
    expect(state.peers.get("a")?.byzantine).toBe("votes-twice");
    const after = stateOf([
      ...turned,
      told(5, null, { event: "fault_cleared", fault: 4 }),
      told(6, null, { event: "peer_restarted", restarted: "a" }),
    ]);
    expect(after.faults.size).toBe(0);
    expect(after.peers.get("a")?.byzantine).toBeNull();
  });

  it("what is stored of a block is shown beside what records tell, and its parent is known", () => {
    const stored = { hash: "A1", height: 1, previous: "A0", work: 256, difficulty: 8, entries: 2 };
    const state = stateOf([
      told(1, "a", { event: "connected" }),
      told(2, "a", { event: "tip_changed", height: 1, hash: "A1", disconnected: 0, connected: 2 }),
      told(3, null, { event: "blocks_sampled", blocks: [stored] }),
    ]);
    const shown = { work: 256, difficulty: 8, entries: 2 };
    expect(state.blocks.get("A1")).toMatchObject({ parent: "A0", stored: shown });
    expect(state.points.map((it) => it.bits)).toEqual([8]);
    expect(state.records).toBe(2);
  });
});

describe("whatever is told", () => {
  it("every list stays within its bound", () => {
    const records: Record[] = [];
    for (let number = 0; number < ROWS_MAX + 300; number += 1) {
      const peer = String(number);
      records.push(told(number, peer, { event: "connected" }));
      records.push(told(number, peer, { event: "message_sent", kind: "vote" }));
      records.push(
        told(number, peer, {
          event: "round_decided",
          transaction: number,
          challenge: 9,
          seed: "x",
          winner: peer,
          yes: 6,
          no: 0,
          voters: [],
        }),
      );
    }
    const state = stateOf(records);
    expect(state.peers.size).toBe(PEERS_MAX);
    expect(state.rows.length).toBeLessThanOrEqual(ROWS_MAX + 64);
    expect(state.flights.length).toBeLessThanOrEqual(FLIGHTS_MAX + 64);
    expect(state.rows.at(-1)?.transaction).toBe(ROWS_MAX + 299);
  });

  it("events and fields that are not known change nothing", () => {
    const state = stateOf([told(1, "1", { event: "something_new", with: { a: "field" } })]);
    expect(state.records).toBe(1);
    expect(headlineOf(state, 1).title).toBe("Meeting");
  });
});

describe("a network that is watched", () => {
  const start = told(0, "9", { event: "started", rows: 0, watching: true });
  const joined = ["1", "2"].map((id) => told(1, "9", { event: "peer_joined", joined: id, known: 2 }));

  it("has the peers that are heard, and not the one that watches", () => {
    const state = stateOf([start, told(0, "9", { event: "connected" }), ...joined]);
    expect(peersOf(state).map((peer) => [peer.id, peer.number])).toEqual([
      ["1", 1],
      ["2", 2],
    ]);
    expect(headlineOf(state, 1).detail).toBe("2 peers");
    expect(sentenceOf(state, start)?.text).toBe("the watcher starts: it takes no seat");
    expect(nameOf(state, "9")).toBe("the watcher");
  });

  it("has a peer wholly suspected that the watcher misses", () => {
    const state = stateOf([start, ...joined, told(2, "9", { event: "peer_lost", lost: "2" })]);
    expect(suspicion(state, peersOf(state)[1]!)).toBe(1);
  });

  it("quotes no rule of members where messages are counted as they arrive", () => {
    const row = { transaction: 0, challenge: 3, seed: "7", winner: "1", yes: 2, no: 0 };
    const decided = told(3, "9", { event: "round_decided", ...row, voters: ["1", "2"] });
    const settled = told(2, "9", { event: "membership_settled", members: ["1", "2"], member: false });
    const state = stateOf([start, ...joined, settled, decided]);
    expect(sentenceOf(state, decided)?.rule).toBe("V1");
    state.byArrival = true;
    expect(sentenceOf(state, decided)?.rule).toBe(null);
  });
});
