/** Single keys that do something wherever the focus is; they can be switched off. */

const KEY = "althing-keys";

export interface Shortcut {
  keys: string[];
  what: string;
}

/** Those that can be switched off. */
export const ANYWHERE: Shortcut[] = [
  { keys: ["?"], what: "explain what is pointed at" },
  { keys: ["k"], what: "pause what is shown, or go on" },
  { keys: [",", "."], what: "go to the event before, or to the next" },
  { keys: ["l"], what: "back to what happens now" },
];

/** Those that act only where the focus is. */
export const IN_PLACE: Shortcut[] = [
  { keys: ["←", "→"], what: "in the ring: to the next peer" },
  { keys: ["Space"], what: "in the ring: choose this one as well" },
  { keys: ["p"], what: "in the ring of a demo: cut off those that are chosen" },
  { keys: ["Esc"], what: "stop explaining, and choose no peer" },
];

export class Keys {
  areOn: boolean = $state(localStorage.getItem(KEY) !== "off");

  toggle(): void {
    this.areOn = !this.areOn;
    localStorage.setItem(KEY, this.areOn ? "on" : "off");
  }
}
