/** The feed as a stream: server-sent events, read with fetch since EventSource sends no token. */
import { parseLine, type Record } from "./record";

/** Characters of an event that is not ended; a longer one is dropped. */
const PENDING_MAX = 1 << 20;

/** Takes the bytes of server-sent events apart, in whatever pieces they come. */
export class EventReader {
  #decoder = new TextDecoder();
  #pending = "";

  /** Returns the records that are complete with these bytes. */
  read(bytes: Uint8Array): Record[] {
    this.#pending += this.#decoder.decode(bytes, { stream: true });
    const records: Record[] = [];
    let start = 0;
    for (;;) {
      const end = this.#pending.indexOf("\n", start);
      if (end < 0) break;
      const line = this.#pending.slice(start, end);
      start = end + 1;
      if (!line.startsWith("data:")) continue;
      const record = parseLine(line.slice(5));
      if (record) records.push(record);
    }
    this.#pending = this.#pending.slice(start);
    if (this.#pending.length > PENDING_MAX) this.#pending = "";
    return records;
  }
}

export interface Source {
  open: (from: number, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  onRecords: (records: Record[]) => void;
  onState: (state: "open" | "waiting" | "refused", error: unknown) => void;
}

/** Waits between two attempts, in milliseconds; the last one is repeated. */
const WAITS = [250, 500, 1000, 2000, 5000];

/** Reads the feed until the signal says to stop, and opens it again where it ended. */
export async function follow(source: Source, from: number, signal: AbortSignal): Promise<void> {
  let next = from;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const body = await source.open(next, signal);
      source.onState("open", null);
      const reader = new EventReader();
      const stream = body.getReader();
      for (;;) {
        const { done, value } = await stream.read();
        if (done) break;
        const records = reader.read(value);
        const last = records.at(-1);
        if (!last) continue;
        failures = 0;
        next = last.sequence + 1;
        source.onRecords(records);
      }
    } catch (error) {
      if (signal.aborted) return;
      const status = (error as { status?: number }).status;
      if (status === 401 || status === 403 || status === 404) {
        source.onState("refused", error);
        return;
      }
    }
    if (signal.aborted) return;
    source.onState("waiting", null);
    const wait = WAITS[Math.min(failures, WAITS.length - 1)] ?? 1000;
    failures += 1;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** Reads the records of a file of JSON lines. */
export async function readFile(file: Blob): Promise<Record[]> {
  const records: Record[] = [];
  let pending = "";
  const decoder = new TextDecoder();
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    pending += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const lines = pending.split("\n");
    pending = done ? "" : (lines.pop() ?? "");
    for (const line of lines) {
      const record = parseLine(line);
      if (record) records.push(record);
    }
    if (done) return records;
  }
}
