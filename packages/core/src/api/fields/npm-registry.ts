import { z } from 'zod';

export const npmRegistrySchema = z
  .string()
  .regex(/^https?:\/\/[^\s/@]+(\/[^\s]*)?$/, 'must be an http or https URL, without credentials');

const secretKeys =
  '`token`, or `username` and `password`; `ca.crt` where its certificate is not of a public authority; and `registry`, the URL of the registry that it was made for. It is sent to no other';

export const npmCredentialsSchema = z
  .object({ name: z.string().min(1).describe('Name of the Secret.') })
  .describe(`Secret in the operator's namespace for the registry: ${secretKeys}.`);
