/** How plugins change over many DPUs: the same fields for all of a cluster and for those of one DataProcessingUnitConfig. */
import { z } from 'zod';

/** So many ids are kept of changes that were approved. */
export const mostApproved = 64;

/** A number, or a percentage of those that there are; `minimum` is for the one and `pattern` for the other. */
const maxUnavailableSchema = z
  .union([z.int(), z.string()])
  .meta({
    'x-kubernetes-int-or-string': true,
    minimum: 1,
    pattern: '^([1-9][0-9]?|100)%$',
  })
  .describe('How many of these DPUs change at a time: a number from 1, or a percentage from 1% to 100%, rounded up.');

export const rolloutPolicySchema = z.object({
  maxUnavailable: maxUnavailableSchema.optional(),
  paused: z
    .boolean()
    .optional()
    .describe('No other DPU begins to change while this is true. Those that change already go on to their end.'),
  requireApproval: z
    .boolean()
    .optional()
    .describe('Whether a change stops once it works on its first DPU, until its id is in `approved`. Default: false.'),
  approved: z
    .array(z.string().regex(/^[0-9a-f]{16}$/, 'must be the id of a change, as the condition RolledOut says it'))
    .max(mostApproved)
    .optional()
    .describe('Ids of changes that may go on to all DPUs; the condition RolledOut says them.'),
  deadlineMinutes: z
    .int()
    .min(1)
    .max(10_080)
    .optional()
    .describe(
      'How long a DPU is waited for. One that pods, kept by a disruption budget, still use then gives up and stays as it is; one that is amid its change is reported.',
    ),
});

export type RolloutPolicySpec = z.infer<typeof rolloutPolicySchema>;
