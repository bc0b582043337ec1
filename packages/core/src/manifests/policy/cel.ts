/** Pieces of CEL that several policies use. */

/** The node of the pod that a token was issued to; empty where the token names none. */
export const nodeOfToken = "request.userInfo.extra[?'authentication.kubernetes.io/node-name'][0].orValue('')";

/** The object as it will be: what is deleted stays what it is. */
export const after = "request.operation == 'DELETE' ? oldObject : object";

/** The object as it was; an empty one where it is created. */
export const before = 'oldObject == null ? dyn({}) : dyn(oldObject)';

export const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

export const list = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;

/** Variables for {@link mapKeeps}: a map of strings in metadata, as it is and as it was. */
export function mapVariables(field: 'labels' | 'annotations'): Record<string, string> {
  return {
    [field]: `variables.after.metadata.?${field}.orValue({})`,
    [`${field}Before`]: `variables.before.?metadata.?${field}.orValue({})`,
  };
}

/** Entries of a map stay as they are, but for some keys. */
export function mapKeeps(field: 'labels' | 'annotations', but: readonly string[] = []): string {
  const now = `variables.${field}`;
  const was = `${now}Before`;
  const free = but.length > 0 ? `key in ${list(but)} || ` : '';
  return [
    `${now}.all(key, ${free}(key in ${was} && ${was}[key] == ${now}[key]))`,
    `${was}.all(key, ${free}key in ${now})`,
  ].join(' && ');
}

export const finalizerVariables = {
  finalizers: 'variables.after.metadata.?finalizers.orValue([])',
  finalizersBefore: 'variables.before.?metadata.?finalizers.orValue([])',
};

/** Finalizers stay, but for one. */
export function finalizersKeep(but: string): string {
  const one = (from: string, to: string) =>
    `variables.${from}.all(name, name == ${text(but)} || name in variables.${to})`;
  return `${one('finalizers', 'finalizersBefore')} && ${one('finalizersBefore', 'finalizers')}`;
}

/** A field of the object is what it was, or absent as it was; `path` as `spec.numVfs`. */
export function fieldKeeps(path: string): string {
  const steps = path.split('.').map((step) => `.?${step}`);
  return `variables.after${steps.join('')} == variables.before${steps.join('')}`;
}

/** A literal of objects, lists and strings. CEL wants values of a map, and elements of a list, to have one type. */
export function celOf(value: unknown): string {
  if (typeof value === 'string') return `dyn(${text(value)})`;
  if (Array.isArray(value)) return `dyn([${value.map(celOf).join(', ')}])`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, one]) => `${text(key)}: ${celOf(one)}`);
  return `dyn({${entries.join(', ')}})`;
}
