type Optional<T> = { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };
type Required<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] };

/** The properties that have a value: with exactOptionalPropertyTypes, `undefined` is none. */
export function omitUndefined<T extends object>(object: T): Required<T> & Optional<T> {
  const present: Partial<T> = {};
  for (const key of Object.keys(object) as (keyof T)[]) if (object[key] !== undefined) present[key] = object[key];
  return present as unknown as Required<T> & Optional<T>;
}
