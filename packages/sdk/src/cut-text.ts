/** The one way in which texts are kept short: messages of errors, conditions and events. */

/**
 * Bytes of the longest message of an error or outcome. Longer ones fit neither gRPC's trailers everywhere nor a container's
 * last words.
 */
export const longestMessage = 4_096;

const mark = '…';
const markBytes = Buffer.byteLength(mark);

/**
 * The text where it has at most `maxBytes` bytes of UTF-8, else its beginning with `…` behind it, together no longer than
 * that. No character is cut in two.
 */
export function cutText(text: string, maxBytes: number): string {
  // A UTF-16 unit has three bytes at most: most texts need no count.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = new Uint8Array(maxBytes - markBytes);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  return `${text.slice(0, read)}${mark}`;
}
