// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

export const CompStatus = {
  COMP_STATUS_UNSPECIFIED: 'COMP_STATUS_UNSPECIFIED',
  COMP_STATUS_PENDING: 'COMP_STATUS_PENDING',
  COMP_STATUS_SUCCESS: 'COMP_STATUS_SUCCESS',
  COMP_STATUS_ERROR: 'COMP_STATUS_ERROR',
} as const;

export type CompStatus =
  | 'COMP_STATUS_UNSPECIFIED'
  | 0
  | 'COMP_STATUS_PENDING'
  | 1
  | 'COMP_STATUS_SUCCESS'
  | 2
  | 'COMP_STATUS_ERROR'
  | 3

export type CompStatus__Output = typeof CompStatus[keyof typeof CompStatus]
