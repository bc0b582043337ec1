/** Schema of the CPU, memory and huge pages that a container gets. */
import { z } from 'zod';
import { amountOf } from './quantity.ts';

const cpu = z
  .string()
  .refine((text) => isPositive(text), 'must be an amount of CPUs as Kubernetes writes it, e.g. 500m or 2')
  .optional();

const memory = z
  .string()
  .refine((text) => isPositive(text), 'must be an amount of bytes as Kubernetes writes it, e.g. 256Mi')
  .optional();

const hugePagesOf = (size: string, bytes: number) =>
  z
    .string()
    .refine(
      (text) => isPositive(text) && (amountOf(text) ?? 0) % bytes === 0,
      `must be a number of pages of ${size}, e.g. ${size}`,
    )
    .optional();

const amounts = z.strictObject({ cpu, memory });

export const resources = z
  .strictObject({
    requests: amounts.describe('What the node keeps for it. Default: 10m of a CPU, 64Mi').optional(),
    limits: amounts.describe('The most that it gets. Default: no limit').optional(),
    hugePages: z
      .strictObject({ '2Mi': hugePagesOf('2Mi', 2 ** 21), '1Gi': hugePagesOf('1Gi', 2 ** 30) })
      .describe('By page size; mounted at /dev/hugepages-2Mi and /dev/hugepages-1Gi')
      .optional(),
  })
  .superRefine(({ requests = {}, limits = {} }, context) => {
    for (const resource of ['cpu', 'memory'] as const) {
      const [request, limit] = [requests[resource], limits[resource]];
      if (request === undefined || limit === undefined) continue;
      if ((amountOf(request) ?? 0) <= (amountOf(limit) ?? 0)) continue;
      const message = `must not be more than limits.${resource}, which is ${limit}`;
      context.addIssue({ code: 'custom', path: ['requests', resource], message });
    }
  });

function isPositive(text: string): boolean {
  return (amountOf(text) ?? 0) > 0;
}
