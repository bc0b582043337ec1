import { closestMatch } from 'leven';

/** How many names a message lists: more are no help to a reader. */
const mostNames = 20;

/**
 * What there is in place of a name that is none, for the end of a message: `; did you mean vlan? There are mtu, vlan`.
 *
 * @returns nothing where there is no name at all
 */
export function thereAre(wrong: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const listed = [...names].sort().slice(0, mostNames).join(', ');
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
  const verb = names.length === 1 ? 'is' : 'are';
  const near = nearest(wrong, names);
  if (near === undefined) return `; there ${verb} ${listed}${more}`;
  return `; did you mean ${near}? There ${verb} ${listed}${more}`;
}

/** The name that somebody may have meant: two letters, or a third of them, may be others. */
function nearest(wrong: string, names: readonly string[]): string | undefined {
  const lowerCase = new Map(names.map((name) => [name.toLowerCase(), name]));
  const maxDistance = Math.min(wrong.length - 1, Math.max(2, Math.floor(wrong.length / 3)));
  const found = closestMatch(wrong.toLowerCase().slice(0, 64), [...lowerCase.keys()], { maxDistance });
  return found === undefined ? undefined : lowerCase.get(found);
}
