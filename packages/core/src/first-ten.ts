/**
 * Names in a message for people: each once, sorted, ten at most.
 *
 * @param separator where they are sentences, which have commas themselves
 */
export function firstTen(names: readonly string[], separator = ', '): string {
  const named = [...new Set(names)].sort();
  return named.slice(0, 10).join(separator) + (named.length > 10 ? ` and ${named.length - 10} more` : '');
}
