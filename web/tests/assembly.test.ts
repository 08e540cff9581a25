/** The fold of an assembly: views, committed blocks, and members that fail or lie. */
import { describe, expect, it } from "vitest";
import { foldAssembly, heightOf, pendingOf, rowsOf, VIEWS_MAX } from "../src/fold/assembly";
import { headlineOf } from "../src/fold/headline";
import { peersOf } from "../src/fold/peers";
import { sentenceOf } from "../src/fold/sentence";
import { emptyState, ROWS_MAX, type Assembly } from "../src/fold/state";
import { recordsOf, stateOf, told } from "./logs";

const MEMBERS = ["7", "8", "9", "10"];
const charter = {
  event: "charter_followed",
  chain: "ab",
  members: MEMBERS.map((id) => ({ id, name: `member-${id}` })),
  quorum: 3,
  member: true,
};
const begun = MEMBERS.map((id) => told(1, id, charter));

/** The assembly after some more records, the charter being known. */
function assemblyAfter(records: ReturnType<typeof told>[]): Assembly {
  const { assembly } = stateOf([...begun, ...records]);
  if (!assembly) throw new Error("there is an assembly");
  return assembly;
}

function committed(at: number, peer: string, height: number, more: object = {}) {
  const block = { height, hash: `hash ${height}`, view: height, maker: "8", entries: 2 };
  return told(at, peer, { event: "block_committed", ...block, ...more });
}

describe("a recording of an assembly", () => {
  const records = recordsOf("assembly");
  const state = stateOf(records);

  it("gives the blocks that the members have committed, once each", () => {
    const blocks = new Map<number, string>();
    for (const it of records) if (it.event === "block_committed") blocks.set(it.height, it.hash);
    expect(state.kind).toBe("assembly");
    expect(state.assembly?.blocks.map((it) => [it.height, it.hash])).toEqual([...blocks]);
    // The first view is not told of.
    const [first, ...later] = state.assembly?.blocks ?? [];
    expect(first?.took).toBeNull();
    expect(later.every((it) => it.took !== null && it.took > 0)).toBe(true);
    expect(state.assembly?.blocks.some((it) => it.differing)).toBe(false);
  });

  it("knows the members by their names, their views and their heights", () => {
    const peers = peersOf(state);
    expect(peers.map((it) => it.name)).toEqual(["member-1", "member-2", "member-3", "member-4"]);
    expect(peers.every((it) => it.member && (it.view ?? 0) >= (it.tip?.height ?? 0))).toBe(true);
    expect(Math.max(...peers.map((it) => it.tip?.height ?? 0))).toBe(heightOf(state.assembly!));
  });
});

describe("what happens in an assembly", () => {
  it("the first report of a block counts, and the others are counted with it", () => {
    const entered = told(10, "7", { event: "view_entered", view: 1, leader: "8" });
    const blocks = ["7", "8", "9"].map((id, at) => committed(30 + at, id, 1));
    const [block] = assemblyAfter([entered, ...blocks]).blocks;
    expect(block).toMatchObject({ height: 1, at: 30, took: 20, reached: 3, differing: false });
  });

  it("two blocks of one height are shown as what must never be", () => {
    const { blocks } = assemblyAfter([committed(1, "7", 1), committed(2, "8", 1, { hash: "other" })]);
    expect(blocks).toHaveLength(1);
    expect(blocks[0]?.differing).toBe(true);
  });

  it("a leader is passed over for what is known of it", () => {
    const passed = { event: "leader_passed_over", view: 3, leader: "9" };
    const reason = "the block has no seal";
    const refused = told(2, "7", { event: "proposal_refused", view: 3, leader: "9", reason });
    expect(assemblyAfter([refused, told(3, "7", passed)]).views.get(3)?.why).toBe(reason);
    const lost = told(2, "7", { event: "peer_lost", lost: "9" });
    expect(assemblyAfter([lost, told(3, "7", passed)]).views.get(3)?.why).toBe("it was not heard");
    expect(assemblyAfter([told(3, "7", passed)]).views.get(3)?.why).toBeNull();
  });

  it("views are listed with their blocks, or with the leader that was passed over", () => {
    const passed = told(3, "7", { event: "leader_passed_over", view: 2, leader: "9" });
    const assembly = assemblyAfter([committed(1, "7", 1), passed, committed(4, "7", 2, { view: 3 })]);
    const rows = rowsOf(assembly, 2).map((it) => it.block?.height ?? `view ${it.failed?.number}`);
    expect(rows).toEqual([2, "view 2"]);
    expect(rowsOf(assembly, 9)).toHaveLength(3);
  });

  it("the middle of the ring says which block is the last, and who leads", () => {
    const entered = told(10, "7", { event: "view_entered", view: 2, leader: "9" });
    const state = stateOf([...begun, committed(5, "7", 1), entered]);
    expect(headlineOf(state, 15)).toEqual({
      title: "Block 1",
      stage: "view 2 of peer 3 (member-9)",
      detail: "committed 10.0 ms ago",
    });
    const standstill = { event: "standstill", here: 2, needed: 3, missing: ["9", "10"] };
    expect(headlineOf(stateOf([...begun, told(2, "7", standstill)]), 3).stage).toBe("no quorum");
  });

  it("a contradiction is kept once, and marks the member", () => {
    const word = (statement: string) => ({ statement, signature: "00" });
    const contradicted = { event: "member_contradicted", member: "10", first: word("a"), second: word("b") };
    const records = ["7", "8"].map((id) => told(2, id, contradicted));
    expect(assemblyAfter(records).evidence).toEqual([{ member: "10", first: "a", second: "b", at: 2 }]);
    expect(stateOf([...begun, ...records]).peers.get("10")?.remark).toContain("a, and b");
  });

  it("a standstill lasts until enough are heard, or a block is committed", () => {
    const standstill = { event: "standstill", here: 2, needed: 3, missing: ["9", "10"] };
    const still = [told(5, "7", standstill), told(6, "8", standstill)];
    expect(assemblyAfter(still).standstill).toMatchObject({ here: 2, needed: 3, since: 5 });
    expect(assemblyAfter([...still, told(7, "7", { event: "resumed" })]).standstill).toBeNull();
    expect(assemblyAfter([...still, committed(7, "7", 1)]).standstill).toBeNull();
    const sentence = sentenceOf(stateOf(begun), told(5, "7", standstill));
    expect(sentence?.text).toContain("missing are peer 3 (member-9), peer 4 (member-10)");
  });

  it("entries wait until they are in a block or refused", () => {
    const pooled = (entry: string, peer: string) => told(2, peer, { event: "entry_pooled", entry, author: "a" });
    const entries = ["1", "2", "3", "4"].flatMap((it) => ["7", "8"].map((peer) => pooled(it, peer)));
    expect(pendingOf(assemblyAfter(entries))).toBe(4);
    const refused = ["7", "8"].map((peer) =>
      told(3, peer, { event: "entry_refused", entry: "4", author: "a", reason: "too long" }),
    );
    expect(pendingOf(assemblyAfter([...entries, ...refused, committed(4, "7", 1)]))).toBe(1);
  });

  it("only so many views and blocks are kept", () => {
    const most = ROWS_MAX + 200;
    const records = Array.from({ length: most }, (_, at) => [
      told(at, "7", { event: "view_entered", view: at + 1, leader: "8" }),
      committed(at, "7", at + 1),
    ]).flat();
    const assembly = assemblyAfter(records);
    expect(assembly.views.size).toBeLessThanOrEqual(VIEWS_MAX);
    expect(assembly.blocks.length).toBeLessThanOrEqual(ROWS_MAX + 64);
    expect(heightOf(assembly)).toBe(most);
  });

  it("what belongs to another network is left alone", () => {
    expect(foldAssembly(emptyState(), told(1, "7", { event: "connected" }))).toBeNull();
  });
});
