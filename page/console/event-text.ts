// The text of a stream, cut into its events. Pure.

/** What ends an event. */
const end = "\n\n";

/** Joins the pieces of a stream, wherever it was cut. */
export class EventText {
  /** Those of the event that has not come as a whole: it may be long. */
  #pieces: string[] = [];
  /** The half of an end, if the last piece ended with it. */
  #half = "";

  /** Takes the next piece. Returns the events that it completes. */
  push(piece: string): string[] {
    const text = this.#half + piece;
    // An event is one line: a line feed after it is of its end.
    this.#half = text.endsWith("\n") && !text.endsWith(end) ? "\n" : "";
    const [first = "", ...others] = text.slice(0, text.length - this.#half.length).split(end);
    this.#pieces.push(first);
    return others.map((next) => {
      const event = this.#pieces.join("");
      this.#pieces = [next];
      return event;
    });
  }
}
