/** What a plugin says of its card, in the status of a DataProcessingUnit. */
import { z } from 'zod';
import { conditionSchema } from './meta.ts';

/** A list of its own, so that a plugin's conditions cannot be taken for the daemon's or the operator's. */
const conditions = z
  .array(conditionSchema)
  .max(16)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });

const links = z
  .array(
    z.object({
      name: z.string().max(63).describe('Name of the port.'),
      up: z.boolean().describe('Whether it has a link.'),
      speedMbps: z.int().min(0).max(4_294_967_295).optional().describe('Megabits a second.'),
    }),
  )
  .max(32)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });

export const cardSchema = z.object({
  firmwareVersion: z.string().max(128).optional().describe('Version of its firmware.'),
  conditions: conditions.optional().describe('Conditions of the plugin. True is how it should be.'),
  links: links.optional().describe('Ports of the card.'),
});
