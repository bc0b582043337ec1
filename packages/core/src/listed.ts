/** Names in a message for people: each once, sorted, ten at most. */
export function firstTen(names: readonly string[]): string {
  const named = [...new Set(names)].sort();
  return named.slice(0, 10).join(', ') + (named.length > 10 ? ` and ${named.length - 10} more` : '');
}
