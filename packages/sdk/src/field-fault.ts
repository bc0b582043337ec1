/** What zod finds wrong with a field, in words that people know: `must be text, is 5`. */
import { z } from 'zod';
import { cutText } from './cut-text.ts';
import { thereAre } from './nearest.ts';

export interface FieldFault {
  /** `dpu.products[0].name`; empty for the whole. */
  path: string;
  message: string;
}

/** Bytes of a wrong value that a message shows. */
const longestValue = 60;

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/**
 * Each wrong field, and each unknown one for itself.
 *
 * @example
 * const parsed = schema.safeParse(json, { error: inWords });
 * if (!parsed.success) throw new DpuError('INVALID_ARGUMENT', faultsText(fieldFaults(parsed.error), 'package.json'));
 */
export function fieldFaults({ issues }: z.core.$ZodError): FieldFault[] {
  return issues.flatMap((issue) => faultsOf(issue));
}

/** @param whole What the whole is called, where that is wrong. */
export function faultsText(faults: readonly FieldFault[], whole: string): string {
  return faults.map(({ path, message }) => `${path || whole}: ${message}`).join('; ');
}

/** The words for what a schema has no words of its own for. */
export const inWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return mustBe(kinds[issue.expected] ?? issue.expected, issue.input);
    case 'invalid_value':
      return mustBe(issue.values.map((value) => JSON.stringify(value)).join(' or '), issue.input);
    case 'too_small':
      return isCounted(issue.origin)
        ? 'must not be empty'
        : mustBe(`${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`, issue.input);
    case 'too_big':
      return isCounted(issue.origin)
        ? `must be no longer than ${issue.maximum}`
        : mustBe(`at most ${issue.maximum}`, issue.input);
    case 'unrecognized_keys':
      // A line for each, as zod has one issue for all of them.
      return issue.keys.map((key) => `there is no such field${thereAre(key, fieldsOf(issue.inst))}`).join('\n');
    default:
      return undefined;
  }
};

function mustBe(wanted: string, input: unknown): string {
  if (input === undefined) return `must be set: ${wanted}`;
  // What was read from text, and is no number.
  if (Number.isNaN(input)) return `must be ${wanted}`;
  return `must be ${wanted}, is ${shown(input)}`;
}

/** Of texts and lists zod counts what they hold; all our lower bounds of them are 1. */
function isCounted(origin: string): boolean {
  return origin === 'string' || origin === 'array';
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return cutText(JSON.stringify(value) ?? String(value), longestValue);
}

function fieldsOf(schema: unknown): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function faultsOf(issue: z.core.$ZodIssue, above: PropertyKey[] = []): FieldFault[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n');
    return issue.keys.map((key, index) => ({
      path: z.core.toDotPath([...path, key]),
      message: messages[index] ?? issue.message,
    }));
  }
  if (issue.code === 'invalid_union') {
    // Of the forms that a field may have, the one of the kind that it is.
    const form = issue.errors.find(
      (errors) => !errors.some(({ path, code }) => path.length === 0 && code === 'invalid_type'),
    );
    if (form) return form.flatMap((inner) => faultsOf(inner, path));
  }
  // The key of a record is wrong: what is wrong with it, not that it is.
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [{ path: z.core.toDotPath(path), message }];
}
