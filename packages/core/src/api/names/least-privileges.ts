/** The securityContext of a container that needs nothing of its node: Pod Security's level `restricted`, but for the user. */
export const leastPrivileges = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const;
