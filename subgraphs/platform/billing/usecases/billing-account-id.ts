/** A billing account bears its organization's UUID: it is there as soon as the organization is. */
export function billingAccountId(organizationId: string): string {
  return `bac_${organizationId.slice(4)}`;
}

export function organizationOfAccount(billingAccountIdentifier: string): string {
  return `org_${billingAccountIdentifier.slice(4)}`;
}
