import type { z } from 'zod';

/**
 * The environment of a process as its schema has it.
 *
 * @throws Error that names each variable that is wrong, and how.
 */
export function checkedEnvironment<T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv): z.infer<T> {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`wrong environment variables: ${problems.join('; ')}`);
}
