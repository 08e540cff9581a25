/** Numbers and texts as people read them. */

/** "1 row", "2 rows"; the plural is given where it is not the word with an s. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(number)} ${number === 1 ? noun : plural}`;
}

/** "18 bits". */
export function bits(number: number): string {
  return `${number} bits`;
}

/** Groups digits by thousands: 12,345. */
export function grouped(number: number): string {
  return number.toLocaleString("en-US");
}

/** Milliseconds in the unit that suits them: "0.4 ms", "12 ms", "3.2 s", "2 min 5 s". */
export function duration(ms: number): string {
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A moment since the start, to tenths or to as many digits as are asked for: "0:07.3". */
export function clock(ms: number, digits = 1): string {
  const unit = 10 ** digits;
  const parts = Math.floor((Math.max(0, ms) * unit) / 1000);
  const seconds = Math.floor(parts / unit);
  const rest = String(seconds % 60).padStart(2, "0");
  const fraction = digits > 0 ? `.${String(parts % unit).padStart(digits, "0")}` : "";
  return `${Math.floor(seconds / 60)}:${rest}${fraction}`;
}

/** Digits with which moments of so long a time can be told apart. */
export function digitsFor(span: number): number {
  return span < 20_000 ? 3 : 1;
}

/** A number with a unit of thousands: "1.2 M", "830 k". */
export function scaled(number: number): string {
  const units = ["", "k", "M", "G", "T"];
  let [value, unit] = [number, 0];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = value >= 100 || unit === 0 ? 0 : 1;
  return `${value.toFixed(digits)}${units[unit] ? ` ${units[unit]}` : ""}`;
}

/** The beginning of a text that others have chosen. */
export function short(text: string, most = 24): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
