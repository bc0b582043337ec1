/** Update masks after AIP-134 (https://google.aip.dev/134). */
import { DpuError } from '../../errors.ts';

/**
 * The current message with the fields that the mask names taken from the incoming one. Without a mask those that the
 * incoming one has set.
 *
 * @param fields Path in the proto, e.g. `spec.vni` -> name in the decoded message.
 * @throws DpuError INVALID_ARGUMENT naming a path that cannot be updated.
 */
export function mergeMasked<Message extends object>(
  current: Message,
  incoming: Message,
  paths: readonly string[],
  fields: Readonly<Record<string, keyof Message>>,
): Message {
  const merged: Partial<Message> = { ...current };
  for (const field of maskedFields(incoming, paths, fields)) {
    if (incoming[field] === undefined) delete merged[field];
    else merged[field] = incoming[field];
  }
  // Only optional fields can be absent from a decoded message.
  return merged as Message;
}

function maskedFields<Message extends object>(
  incoming: Message,
  paths: readonly string[],
  fields: Readonly<Record<string, keyof Message>>,
): (keyof Message)[] {
  const all = Object.values(fields);
  if (paths.length === 0) return all.filter((field) => isSet(incoming[field]));
  return paths.flatMap((path) => {
    const named = Object.entries(fields).filter(([name]) => path === '*' || `${name}.`.startsWith(`${path}.`));
    if (named.length > 0) return named.map(([, field]) => field);
    const known = Object.keys(fields).join(', ');
    throw new DpuError('INVALID_ARGUMENT', `update_mask: ${path} cannot be updated; there are ${known}`);
  });
}

function isSet(value: unknown): boolean {
  if (typeof value === 'string') return value !== '' && !value.endsWith('_UNSPECIFIED');
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length > 0;
  return value !== undefined && value !== null && value !== 0;
}
