/** Requests to the server that this page came from. It holds the token, and no other state. */
import type {
  Action,
  Ballot,
  Block,
  Demo,
  Done,
  Effect,
  NewEntry,
  Node,
  Page,
  PeerStatus,
  Submitted,
  Tally,
} from "./types";

const TOKEN = "althing-token";

/** A request that was refused: RFC 9457 problem details, or the error of the connection. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

export class Client {
  #token: string | null = sessionStorage.getItem(TOKEN);

  /** Keeps a token for this tab. */
  setToken(token: string): void {
    this.#token = token.trim() || null;
    if (this.#token) sessionStorage.setItem(TOKEN, this.#token);
    else sessionStorage.removeItem(TOKEN);
  }

  node = () => this.#get<Node>("/v1/node");
  peers = async () => (await this.#get<{ items: PeerStatus[] }>("/v1/peers")).items;
  blocks = (from: number) => this.#get<Page<Block>>(`/v1/blocks?from=${from}&limit=50`);
  block = (height: number) => this.#get<Block>(`/v1/blocks/${height}`);
  ballots = (from: number) => this.#get<Page<Ballot>>(`/v1/ballots?from=${from}&limit=1000`);
  tally = () => this.#get<Tally>("/v1/tally");
  demo = () => this.#get<Demo>("/v1/demo");
  act = (action: Action) => this.#send<Done>("POST", "/v1/demo/actions", action);
  undo = (fault: number) => this.#send<Done>("DELETE", `/v1/demo/faults/${fault}`);
  add = (entry: NewEntry) => this.#send<Submitted>("POST", "/v1/entries", entry);
  whatIf = (height: number, offset: number, xor: number) =>
    this.#send<Effect>("POST", "/v1/what-if", { height, offset, xor });

  /** Opens the feed from a record on. The answer is read as it comes. */
  async events(from: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const headers = this.#headers("text/event-stream");
    const answer = await fetch(`/v1/events?from=${from}`, { headers, signal });
    if (!answer.ok || !answer.body) throw await problemOf(answer);
    return answer.body;
  }

  #headers(accept: string): Headers {
    const headers = new Headers({ accept });
    if (this.#token) headers.set("authorization", `Bearer ${this.#token}`);
    return headers;
  }

  async #get<T>(path: string): Promise<T> {
    return this.#send<T>("GET", path);
  }

  async #send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = this.#headers("application/json");
    if (body !== undefined) headers.set("content-type", "application/json");
    const text = body === undefined ? null : JSON.stringify(body);
    let answer: Response;
    try {
      answer = await fetch(path, { method, headers, body: text });
    } catch {
      throw new Problem(0, "unreachable", "the server cannot be reached");
    }
    if (!answer.ok) throw await problemOf(answer);
    const type = answer.headers.get("content-type") ?? "";
    return (type.includes("json") ? await answer.json() : undefined) as T;
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string };
  const detail = body.detail ?? `the server answered ${answer.status}`;
  return new Problem(answer.status, body.code ?? "unknown", detail);
}
