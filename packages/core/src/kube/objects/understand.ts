/**
 * Reads an object that another version, another client or an older API server wrote. What of its status or metadata is not
 * understood is left out, and nothing else of it.
 */
import type { z } from 'zod';
import type { KubeObject, ResourceType } from './resource.ts';

/** By object: what was left out. */
const leftOut = new WeakMap<object, readonly LeftOut[]>();

export interface LeftOut {
  /** As in `status.rollout`. */
  field: string;
  /** Why, for people. */
  fault: string;
}

/** What of an object was not understood when it was read. */
export function notUnderstood(object: object): readonly LeftOut[] {
  return leftOut.get(object) ?? [];
}

/** An object of which what cannot be left out is not understood, as its spec. */
export class NotUnderstoodError extends Error {
  /** As it came. */
  readonly item: Record<string, unknown>;
  /** As in `spec.mode: Invalid option`. */
  readonly faults: readonly string[];

  constructor(kind: string, item: Record<string, unknown>, { issues }: z.ZodError) {
    const faults = issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    super(`${kind} ${nameOf(item)} is not understood: ${faults.join('; ')}`);
    this.name = 'NotUnderstoodError';
    this.item = item;
    this.faults = faults;
  }
}

type Path = readonly PropertyKey[];

/** Reads one object; items of a list come without their kind. */
export function understand<T extends KubeObject>(
  type: ResourceType<T>,
  item: Record<string, unknown>,
): T | NotUnderstoodError {
  const whole = { ...item, apiVersion: type.apiVersion, kind: type.kind };
  const result = type.schema.safeParse(whole);
  if (result.success) return result.data;
  const rest: Record<string, unknown> = structuredClone(whole);
  const faults: LeftOut[] = [];
  let { error } = result;
  while (true) {
    const [issue] = error.issues;
    const field = issue && fieldOf(rest, issue.path);
    // A field that is not there cannot be what is wrong: nothing can be left out for it.
    if (!issue || !field || valueAt(rest, field) === undefined) {
      return new NotUnderstoodError(type.kind, whole, error);
    }
    // An API server of long ago kept the null of a field that is not set: that is no fault.
    if (valueAt(rest, issue.path) !== null) {
      faults.push({ field: field.join('.'), fault: `${issue.path.join('.')}: ${issue.message}` });
    }
    remove(rest, field);
    const again = type.schema.safeParse(rest);
    if (again.success) {
      if (faults.length > 0) leftOut.set(again.data, faults);
      return again.data;
    }
    error = again.error;
  }
}

/** What goes where something at a path is not understood: of lists one element. Undefined where it cannot be done without. */
function fieldOf(object: Record<string, unknown>, path: Path): Path | undefined {
  if (valueAt(object, path) === null && path.length > 1) return path;
  const [part, name] = path;
  if (part === 'status') return Array.isArray(valueAt(object, path.slice(0, 2))) ? path.slice(0, 3) : path.slice(0, 2);
  return part === 'metadata' && name !== undefined && name !== 'name' ? path.slice(0, 2) : undefined;
}

function valueAt(object: unknown, path: Path): unknown {
  return path.reduce((value, step) => (isObject(value) ? value[step as string] : undefined), object);
}

function remove(object: Record<string, unknown>, path: Path): void {
  const parent = valueAt(object, path.slice(0, -1));
  const last = path.at(-1);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (isObject(parent)) delete parent[last as string];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function nameOf({ metadata }: Record<string, unknown>): string {
  const name = isObject(metadata) ? metadata.name : undefined;
  return typeof name === 'string' ? name : '';
}
