/** JSON objects that come one after the other with nothing between them, cut anywhere. */
export class JsonStream {
  #text = '';
  /** How far the text was looked at. */
  #at = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** @returns the objects that end in this piece */
  read(piece: string): unknown[] {
    this.#text += piece;
    const objects: unknown[] = [];
    for (; this.#at < this.#text.length; this.#at++) {
      if (!this.#endsObject(this.#text[this.#at] ?? '')) continue;
      objects.push(JSON.parse(this.#text.slice(0, this.#at + 1)));
      this.#text = this.#text.slice(this.#at + 1);
      this.#at = -1;
    }
    return objects;
  }

  #endsObject(character: string): boolean {
    if (this.#inString) {
      if (character === '"' && !this.#escaped) this.#inString = false;
      this.#escaped = character === '\\' && !this.#escaped;
      return false;
    }
    if (character === '"') this.#inString = true;
    if (character === '{') this.#depth++;
    if (character !== '}') return false;
    this.#depth--;
    return this.#depth === 0;
  }
}
