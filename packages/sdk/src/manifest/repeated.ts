import type { z } from 'zod';

/**
 * A check of lists: refuses an element that is there already.
 *
 * @param keyOf What makes two elements the same.
 * @param at The field of an element that is to blame.
 */
export function repeated<T>(keyOf: (element: T) => string, at: (element: T) => string[] = () => []) {
  return (all: T[], context: z.RefinementCtx): void => {
    for (const [index, element] of all.entries()) {
      const key = keyOf(element);
      if (all.findIndex((other) => keyOf(other) === key) === index) continue;
      context.addIssue({ code: 'custom', path: [index, ...at(element)], message: `${key} is there already` });
    }
  };
}
