/** How much a JSON text becomes in memory: an array of nothing is two bytes of it, and forty once it is parsed. */

/** Members and elements of a review: more than 3,000 variables. Each element that is wrong takes 2 KB until that has been said. */
export const mostParts = 10_000;

const [quote, backslash] = ['"', '\\'];
const beginsPart = new Set(['[', '{', ','].map((char) => char.charCodeAt(0)));

/** Whether a text, JSON or not, has more than {@link mostParts}; each level of nesting is one. */
export function hasTooManyParts(text: string): boolean {
  if (text.length <= mostParts) return false;
  let parts = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === quote) {
      at = endOfString(text, at);
    } else if (beginsPart.has(text.charCodeAt(at))) {
      parts += 1;
      if (parts > mostParts) return true;
    }
  }
  return false;
}

function endOfString(text: string, begin: number): number {
  let end = text.indexOf(quote, begin + 1);
  while (end > 0 && isEscaped(text, end)) end = text.indexOf(quote, end + 1);
  return end > 0 ? end : text.length;
}

function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text[before] === backslash) before -= 1;
  return (at - before) % 2 === 0;
}
