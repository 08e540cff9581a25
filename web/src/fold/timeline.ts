/**
 * Records with a state before each few thousand of them, so that any moment can be shown: the
 * state before is copied, and the records up to the moment are folded into the copy.
 */
import type { Record } from "../feed/record";
import { fold } from "./fold";
import { copyState, emptyState, pushBounded, type State } from "./state";

/** Records between two kept states. */
const CHUNK = 4000;
/** Chunks that are kept, the last ones: 160,000 records. */
const CHUNKS_MAX = 40;

interface Chunk {
  /** The state before its first record. */
  before: State;
  records: Record[];
  /** Whether each record told something new of the network. */
  news: boolean[];
}

/** Marks that are kept, the last ones. */
const MARKS_MAX = 400;

/** A moment that stands out: another leader or branch, or something that was broken. */
export interface Mark {
  at: number;
  tone: "leader" | "branch" | "fault";
}

/** A record and whether it told something new. */
export interface Told {
  record: Record;
  isNews: boolean;
}

export class Timeline {
  /** The state after the last record. */
  head: State = emptyState();
  /** What stands out, in the order of time. */
  readonly marks: Mark[] = [];
  #chunks: Chunk[] = [];
  #dropped = 0;
  #cursor: { state: State; next: number } | null = null;

  /** Records that were there, those dropped included. */
  get end(): number {
    const last = this.#chunks.at(-1);
    return last ? this.#dropped + (this.#chunks.length - 1) * CHUNK + last.records.length : 0;
  }

  /** The number of the first record that is still there. */
  get start(): number {
    return this.#dropped;
  }

  /** The moment of the first record that is still there. */
  get firstAt(): number {
    return this.#chunks[0]?.records[0]?.at_ms ?? 0;
  }

  push(record: Record): void {
    let chunk = this.#chunks.at(-1);
    if (!chunk || chunk.records.length >= CHUNK) {
      chunk = { before: copyState(this.head), records: [], news: [] };
      this.#chunks.push(chunk);
      if (this.#chunks.length > CHUNKS_MAX) {
        this.#chunks.shift();
        this.#dropped += CHUNK;
        if (this.#cursor && this.#cursor.next < this.#dropped) this.#cursor = null;
      }
    }
    chunk.records.push(record);
    const isNews = fold(this.head, record);
    chunk.news.push(isNews);
    const tone = isNews ? toneOf(record) : null;
    if (tone) pushBounded(this.marks, { at: record.at_ms, tone }, MARKS_MAX);
  }

  /** Returns a record by its place, or null if it is not there. */
  get(place: number): Told | null {
    const inside = place - this.#dropped;
    if (inside < 0) return null;
    const chunk = this.#chunks[Math.floor(inside / CHUNK)];
    const record = chunk?.records[inside % CHUNK];
    return chunk && record ? { record, isNews: chunk.news[inside % CHUNK] === true } : null;
  }

  /** Returns how many records there are up to a moment, those dropped included. */
  placeAt(at: number): number {
    let [low, high] = [this.#dropped, this.end];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.get(middle)?.record.at_ms ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Returns the state after the first `place` records. It is changed by the next call. */
  stateAfter(place: number): State {
    const wanted = Math.max(this.#dropped, Math.min(place, this.end));
    let cursor = this.#cursor;
    const start = Math.floor((wanted - this.#dropped) / CHUNK) * CHUNK + this.#dropped;
    if (!cursor || cursor.next > wanted || cursor.next < start) {
      const chunk = this.#chunks[(start - this.#dropped) / CHUNK];
      cursor = { state: copyState(chunk?.before ?? this.head), next: chunk ? start : wanted };
    }
    while (cursor.next < wanted) {
      const told = this.get(cursor.next);
      if (told) fold(cursor.state, told.record);
      cursor.next += 1;
    }
    this.#cursor = cursor;
    return cursor.state;
  }

  /** Counts records in equal parts of the time that is there. */
  density(parts: number): { counts: number[]; from: number; to: number } {
    const counts = new Array<number>(parts).fill(0);
    const [from, to] = [this.firstAt, this.head.at];
    const span = Math.max(1, to - from);
    // A sample is enough for a picture, and a long log must not stop the page.
    const step = Math.max(1, Math.floor((this.end - this.start) / 20_000));
    for (let place = this.start; place < this.end; place += step) {
      const at = this.get(place)?.record.at_ms ?? from;
      const part = Math.min(parts - 1, Math.floor(((at - from) / span) * parts));
      counts[part] = (counts[part] ?? 0) + step;
    }
    return { counts, from, to };
  }
}

function toneOf(record: Record): Mark["tone"] | null {
  switch (record.event) {
    case "leader_elected":
      return "leader";
    case "tip_changed":
      return record.disconnected > 0 ? "branch" : null;
    case "fault_set":
    case "peer_crashed":
    case "peer_frozen":
    case "member_equivocated":
      return "fault";
    default:
      return null;
  }
}
