// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

export const LBOperStatus = {
  LB_OPER_STATUS_UNSPECIFIED: 'LB_OPER_STATUS_UNSPECIFIED',
  LB_OPER_STATUS_UP: 'LB_OPER_STATUS_UP',
  LB_OPER_STATUS_DOWN: 'LB_OPER_STATUS_DOWN',
  LB_OPER_STATUS_TO_BE_DELETED: 'LB_OPER_STATUS_TO_BE_DELETED',
} as const;

export type LBOperStatus =
  | 'LB_OPER_STATUS_UNSPECIFIED'
  | 0
  | 'LB_OPER_STATUS_UP'
  | 1
  | 'LB_OPER_STATUS_DOWN'
  | 2
  | 'LB_OPER_STATUS_TO_BE_DELETED'
  | 3

export type LBOperStatus__Output = typeof LBOperStatus[keyof typeof LBOperStatus]
