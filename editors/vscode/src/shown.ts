/** Following one suggestion at the cursor. Pure: offsets and texts are arguments. */

/** The document's change, at most one at a time: VS Code's several cursors are several changes. */
export interface Change {
  /** UTF-16 units from the document's start. */
  readonly offset: number;
  /** UTF-16 units that are replaced. */
  readonly replaced: number;
  readonly text: string;
}

/** What a change did to the suggestion that was at the cursor. */
export type Fate =
  | { readonly kind: "typed" }
  | { readonly kind: "acceptedPart"; readonly length: number }
  | { readonly kind: "left" };

const LEFT: Fate = { kind: "left" };
/** A key types one character, and with it an editor may close a bracket. Words that are accepted are longer. */
const LONGEST_KEY = 2;

/** A suggestion that begins at `offset` of a document; what of it stands in the document already is known. */
export class Follower {
  #taken = 0;
  #next: number;

  constructor(
    private readonly text: string,
    offset: number,
  ) {
    this.#next = offset;
  }

  /** What `changes` mean. After `left` the suggestion is not followed any more. */
  follow(changes: readonly Change[]): Fate {
    const [change, ...others] = changes;
    if (change === undefined) return { kind: "typed" };
    const added = change.text.replaceAll("\r\n", "\n");
    const rest = this.text.slice(this.#taken);
    const goesOn = change.offset === this.#next && change.replaced === 0 && rest.startsWith(added);
    // The whole is told by the item's own command.
    if (others.length > 0 || !goesOn || added === "" || added === rest) return LEFT;
    this.#taken += added.length;
    this.#next += change.text.length;
    return added.length > LONGEST_KEY ? { kind: "acceptedPart", length: this.#taken } : { kind: "typed" };
  }
}
