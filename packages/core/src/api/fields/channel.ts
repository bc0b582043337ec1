import { z } from 'zod';

/** How the daemons of a host and a DPU speak with each other. */
export const channelSchema = z.object({
  security: z
    .enum(['mutualTLS', 'plain'])
    .default('mutualTLS')
    .describe(
      'mutualTLS: only with a certificate that the operator issued. plain: whoever reaches the port, for daemons of the Go operator.',
    ),
  peers: z
    .array(
      z.string().regex(/^spiffe:\/\/[^/]+\/(host|dpu)\/[^/]+\/[^/]+$/, 'must be spiffe://installation/side/node/dpu'),
    )
    .max(256)
    .optional()
    .describe(
      'Identities of the other ends that are accepted. Default: on a DPU side every host of a trusted installation, on a host the first DPU that it works with.',
    ),
});

export type ChannelSpec = z.infer<typeof channelSchema>;
