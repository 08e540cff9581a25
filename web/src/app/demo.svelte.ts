/** The plug of a demo: what can be done to its peers, and what was. */
import { Problem } from "../api/client";
import type { Action, Demo } from "../api/types";
import type { Session } from "./session.svelte";

export class Plug {
  demo: Demo | null = $state.raw(null);
  /** Ids of the peers that are chosen. */
  chosen: string[] = $state([]);
  #session: Session;
  #isAsking = false;
  #isStale = false;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Asks the server again; several calls at once are one question, and one more after it. */
  async refresh(): Promise<void> {
    // Where there is none, the question would be an error.
    if (!this.#session.node?.can.control) return;
    if (this.#isAsking) {
      this.#isStale = true;
      return;
    }
    this.#isAsking = true;
    try {
      do {
        this.#isStale = false;
        this.demo = await this.#session.client.demo();
      } while (this.#isStale);
    } catch (error) {
      if (error instanceof Problem && error.status === 404) this.demo = null;
    } finally {
      this.#isAsking = false;
    }
  }

  async act(action: Action): Promise<void> {
    const done = await this.#session.attempt(() => this.#session.client.act(action));
    if (done) this.#session.say(done.sentence, false);
    await this.refresh();
  }

  async undo(fault: number): Promise<void> {
    await this.#session.attempt(() => this.#session.client.undo(fault));
    await this.refresh();
  }

  /** Cuts these peers off from all others. */
  async partition(side: string[]): Promise<void> {
    const all = this.demo?.peers.map((it) => it.peer) ?? [];
    const inside = all.filter((id) => side.includes(id));
    const outside = all.filter((id) => !side.includes(id));
    if (inside.length === 0 || outside.length === 0) {
      this.#session.say("a partition needs peers on both sides", true);
      return;
    }
    await this.act({ action: "partition", groups: [inside, outside] });
    this.chosen = [];
  }

  toggle(id: string, keepsOthers: boolean): void {
    const isChosen = this.chosen.includes(id);
    if (keepsOthers) {
      this.chosen = isChosen ? this.chosen.filter((it) => it !== id) : [...this.chosen, id];
    } else {
      this.chosen = isChosen && this.chosen.length === 1 ? [] : [id];
    }
  }
}
