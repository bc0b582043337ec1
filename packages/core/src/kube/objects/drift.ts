/** Whether an object on the API server is as it was applied. */
import type { Applied } from './store.ts';

/**
 * Whether all that is applied stands in the object: then an apply would change nothing of it. What the server or somebody
 * else added is of no matter, but in lists, whose elements are compared in their order.
 */
export function isAsApplied(object: unknown, applied: Applied): boolean {
  return contains(object, applied);
}

function contains(actual: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual) || actual.length !== wanted.length) return false;
    return wanted.every((item, index) => contains(actual[index], item));
  }
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted;
  // The server keeps no empty maps of its own kinds, and a null it leaves out.
  if (typeof actual !== 'object' || actual === null) return Object.keys(wanted).length === 0;
  const fields = actual as Record<string, unknown>;
  return Object.entries(wanted).every(([key, value]) => contains(fields[key], value));
}
