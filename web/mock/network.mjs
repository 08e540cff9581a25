// A made-up network with rounds, for the tests of the page: it tells what peers would tell, at any
// pace and size. It is no model of the protocol; that is in crates/sim.

/** Parts of a round, in the order in which they happen, as shares of its time. */
const CHALLENGE = 0.02;
const HEARD = 0.08;
const SOLVED = 0.45;
const VOTED = 0.65;
const DECIDED = 0.9;

/** Rounds that a network without a leader lasts before the others draw again. */
const SILENCE = 2;

export class Network {
  #seed = 7;
  #start = performance.now();
  #sequence = 0;
  #row = 0;
  #term = 0;
  #leader = null;
  #draws = [];
  #missed = 0;
  #waits = new Set();
  #timers = new Set();
  #nextFault = 1;

  /** Tells `tell` each record of `count` peers, whose rounds take `roundMs`. */
  constructor(count, roundMs, tell) {
    this.roundMs = roundMs;
    this.tell = tell;
    this.records = [];
    this.faults = new Map();
    this.pace = { paused: false, speed: 1, speeds: [0.125, 64] };
    this.peers = Array.from({ length: count }, (_, at) => ({
      number: at + 1,
      peer: String(1795876764160000000n + BigInt(at) * 7919n * 104729n),
      state: "runs",
      byzantine: null,
      hashes: 0,
    }));
  }

  start() {
    for (const { peer } of this.peers) this.#say(peer, { event: "started", rows: 0 });
    for (const { peer } of this.peers) this.#say(peer, { event: "connected" });
    const ids = this.peers.map((it) => it.peer);
    for (const { peer } of this.peers) {
      this.#say(peer, { event: "membership_settled", members: ids, member: true });
    }
    this.#elect(this.peers);
    this.#round();
  }

  stop() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Does an action of the contract; returns a sentence and the fault, if it can be undone. */
  act(action) {
    const peer = this.peers.find((it) => it.peer === action.peer);
    const name = peer ? `peer ${peer.number}` : "every peer";
    switch (action.action) {
      case "crash":
        if (peer.state === "crashed") throw new Error(`${name} has crashed already`);
        peer.state = "crashed";
        this.#say(null, { event: "peer_crashed", crashed: peer.peer });
        return { sentence: `${name} has crashed`, fault: null };
      case "restart":
        return this.#runAgain(peer);
      case "freeze":
        peer.state = "paused";
        this.#say(null, { event: "peer_frozen", frozen: peer.peer });
        return { sentence: `${name} is frozen`, fault: null };
      case "thaw":
        return this.#runAgain(peer);
      case "partition": {
        const [first] = action.groups;
        const numbers = this.peers.filter((it) => first.includes(it.peer)).map((it) => it.number);
        const text = `peers ${numbers.join(", ")} cannot reach the others`;
        return this.#fault("partition", text, { groups: action.groups });
      }
      case "byzantine":
        peer.byzantine = action.strategy;
        this.#say(null, {
          event: "peer_restarted",
          restarted: peer.peer,
          byzantine: action.strategy,
        });
        return this.#fault("byzantine", `${name} ${action.strategy}`, { peer: peer.peer });
      case "pause":
      case "resume":
        this.pace.paused = action.action === "pause";
        return this.#paced();
      case "step":
        return { sentence: "one step", fault: null };
      case "speed":
        this.pace.speed = action.speed;
        return this.#paced();
      default:
        return this.#fault(action.action, `${name}: ${action.action}`, { peer: action.peer });
    }
  }

  undo(id) {
    const fault = this.faults.get(id);
    if (!fault) throw new Error(`there is no fault ${id}`);
    this.faults.delete(id);
    const peer = this.peers.find((it) => it.peer === fault.peer);
    if (fault.action === "byzantine" && peer) peer.byzantine = null;
    this.#say(null, { event: "fault_cleared", fault: id });
  }

  #runAgain(peer) {
    const event =
      peer.state === "crashed"
        ? { event: "peer_restarted", restarted: peer.peer }
        : { event: "peer_thawed", thawed: peer.peer };
    peer.state = "runs";
    this.#say(null, event);
    this.#say(peer.peer, { event: "connected" });
    return { sentence: `peer ${peer.number} runs again`, fault: null };
  }

  #fault(kind, sentence, fields) {
    const id = this.#nextFault++;
    this.faults.set(id, { id, action: kind, sentence, ...fields });
    this.#say(null, { event: "fault_set", fault: id, kind, sentence });
    return { sentence, fault: id };
  }

  #paced() {
    const { paused, speed } = this.pace;
    this.#say(null, { event: "pace_changed", paused, speed });
    return { sentence: paused ? "time is paused" : `time runs at ${speed}×`, fault: null };
  }

  /** The peers that can hear each other and are more than half of all; else none. */
  #majority() {
    const groups = [...this.faults.values()].findLast((it) => it.action === "partition")?.groups;
    const runs = this.peers.filter((it) => it.state === "runs");
    const sides = groups ? groups.map((ids) => runs.filter((it) => ids.includes(it.peer))) : [runs];
    return sides.find((side) => side.length > this.peers.length / 2) ?? [];
  }

  #elect(side) {
    this.#draws = side.map((it) => ({ peer: it.peer, draw: String(this.#random(256)) }));
    const highest = this.#draws.reduce((a, b) => (Number(b.draw) > Number(a.draw) ? b : a));
    this.#leader = highest.peer;
    const { peer: leader, draw } = highest;
    for (const { peer } of side) {
      this.#sent(peer, "election");
      const elected = { leader, term: this.#term, draw, draws: this.#draws };
      this.#say(peer, { event: "leader_elected", ...elected });
    }
    this.#term += 1;
    this.#missed = 0;
  }

  #round() {
    const ms = this.roundMs / this.pace.speed;
    if (this.pace.paused) return this.#later(50, () => this.#round());
    const side = this.#majority();
    this.#tellWaits(side);
    const leads = side.some((it) => it.peer === this.#leader);
    if (side.length === 0 || !leads) {
      this.#missed += 1;
      if (side.length > 0 && this.#missed > SILENCE) {
        const lost = this.peers.find((it) => it.peer === this.#leader);
        for (const { peer } of side) this.#say(peer, { event: "peer_lost", lost: lost.peer });
        this.#elect(side);
      }
      return this.#later(Math.min(ms, 400), () => this.#round());
    }
    this.#play(side, ms);
    this.#later(ms, () => this.#round());
  }

  #play(side, ms) {
    const transaction = this.#row++;
    const challenge = 8 + this.#random(13);
    const leader = this.#leader;
    const finder = side[this.#random(side.length)].peer;
    const seed = String(this.#random(1e9));
    const others = side.filter((it) => it.peer !== leader);
    const needed = Math.floor(this.peers.length / 2) + 1;
    const asks = { event: "challenge_issued", transaction, challenge, leader };
    this.#later(ms * CHALLENGE, () => {
      this.#sent(leader, "challenge");
      this.#say(leader, asks);
    });
    this.#later(ms * HEARD, () => {
      for (const { peer } of others) this.#say(peer, asks);
    });
    const found = { event: "solution_found", transaction, finder, seed };
    this.#later(ms * SOLVED, () => {
      this.#sent(finder, "solution");
      this.#say(finder, found);
      for (const it of side) {
        it.hashes += 2 ** challenge / side.length;
        if (it.peer !== finder) this.#say(it.peer, found);
      }
    });
    const voters = side.slice(0, Math.max(needed, side.length - 2)).map((it) => it.peer);
    voters.forEach((voter, at) => {
      this.#later(ms * (VOTED + (0.15 * at) / voters.length), () => {
        this.#sent(voter, "vote");
        const vote = { event: "vote_cast", transaction, voter, seed, vote: true };
        this.#say(voter, vote);
        for (const it of side) if (it.peer !== voter) this.#say(it.peer, vote);
      });
    });
    this.#later(ms * DECIDED, () => {
      const row = { transaction, challenge, seed, winner: finder, yes: needed, no: 0 };
      const counted = voters.slice(0, needed);
      for (const { peer } of side) this.#say(peer, { event: "round_decided", ...row, voters: counted });
    });
  }

  #tellWaits(side) {
    for (const it of this.peers) {
      const isCutOff = it.state === "runs" && !side.includes(it);
      if (isCutOff && !this.#waits.has(it.peer)) {
        this.#waits.add(it.peer);
        const here = this.peers.filter((other) => other.state === "runs" && !side.includes(other)).length;
        const needed = Math.floor(this.peers.length / 2) + 1;
        this.#say(it.peer, { event: "waiting", for: "majority", here, needed, transaction: this.#row });
      } else if (!isCutOff) {
        this.#waits.delete(it.peer);
      }
    }
  }

  #sent(peer, kind) {
    this.#say(peer, { event: "message_sent", kind });
  }

  #say(peer, event) {
    const at = performance.now() - this.#start;
    const time = new Date().toISOString();
    const head = { sequence: this.#sequence++, time, at_ms: Math.round(at * 1000) / 1000 };
    const record = { ...head, network: "elect-chain", ...(peer ? { peer } : {}), ...event };
    this.records.push(record);
    if (this.records.length > 50_000) this.records.splice(0, 10_000);
    this.tell(record);
  }

  #later(ms, work) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }

  /** A number below `end`, the same in each run. */
  #random(end) {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#seed / 2 ** 32) * end);
  }
}
