/** Light or dark: as the system has it, unless it was chosen here. */

const KEY = "althing-theme";
export type Theme = "light" | "dark";

export class Look {
  theme: Theme = $state("light");
  #system = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    this.#apply();
    this.#system.addEventListener("change", () => this.#apply());
  }

  toggle(): void {
    const chosen: Theme = this.theme === "dark" ? "light" : "dark";
    localStorage.setItem(KEY, chosen);
    this.#apply();
  }

  #apply(): void {
    const chosen = localStorage.getItem(KEY);
    const isChosen = chosen === "dark" || chosen === "light";
    this.theme = isChosen ? chosen : this.#system.matches ? "dark" : "light";
    document.documentElement.dataset["theme"] = this.theme;
  }
}
