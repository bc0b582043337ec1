/**
 * Does it for each, one after the other: where it fails for one, the others have their turn all the same.
 *
 * @throws the first error, when all have had it
 */
export async function inTurn<T>(all: Iterable<T>, act: (one: T) => Promise<unknown>): Promise<void> {
  const errors: unknown[] = [];
  for (const one of all) await act(one).catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
