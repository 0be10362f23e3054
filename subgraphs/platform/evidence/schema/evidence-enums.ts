import { registerEnumType } from 'type-graphql';

export enum BundleKindEnum {
  RELEASE = 'release',
  UAT = 'uat',
  SECURITY = 'security',
  CHANGE = 'change',
  DRILL = 'drill',
  INCIDENT = 'incident',
}
registerEnumType(BundleKindEnum, {
  name: 'EvidenceBundleKind',
  description: 'What a bundle is evidence for.',
  valuesConfig: {
    RELEASE: { description: 'A release candidate.' },
    UAT: { description: 'A user acceptance test.' },
    SECURITY: { description: 'A security review.' },
    CHANGE: { description: 'A change that touches production.' },
    DRILL: { description: 'An exercise, such as a restore.' },
    INCIDENT: { description: 'An incident and its recovery.' },
  },
});

export enum BundleStateEnum {
  OPEN = 'open',
  SEALED = 'sealed',
  SUPERSEDED = 'superseded',
}
registerEnumType(BundleStateEnum, {
  name: 'EvidenceBundleState',
  description: 'Where a bundle stands.',
  valuesConfig: {
    OPEN: { description: 'Items are added.' },
    SEALED: { description: 'Complete; its digest names its contents.' },
    SUPERSEDED: { description: 'A newer bundle took its place.' },
  },
});

export enum BundleAction {
  SEAL = 'seal',
  SUPERSEDE = 'supersede',
}
registerEnumType(BundleAction, {
  name: 'EvidenceBundleAction',
  description: 'What can be done with a bundle.',
  valuesConfig: {
    SEAL: { description: 'Declare it complete.' },
    SUPERSEDE: { description: 'Open a newer one that takes its place.' },
  },
});

export enum ItemTypeEnum {
  CI = 'ci',
  UAT = 'uat',
  SECURITY = 'security',
  GUARD = 'guard',
  SMOKE = 'smoke',
  ARTIFACT = 'artifact',
  OPERATOR = 'operator',
}
registerEnumType(ItemTypeEnum, {
  name: 'EvidenceItemType',
  description: 'Where an item comes from.',
  valuesConfig: {
    CI: { description: 'An automated build or test.' },
    UAT: { description: 'A user acceptance test.' },
    SECURITY: { description: 'A scan or review.' },
    GUARD: { description: 'A guard of the repository or the platform.' },
    SMOKE: { description: 'A smoke test of an environment.' },
    ARTIFACT: { description: 'A built thing, by its digest.' },
    OPERATOR: { description: 'What an operator observed.' },
  },
});

export enum EvidenceResult {
  PASS = 'pass',
  FAIL = 'fail',
  PARTIAL = 'partial',
  SKIPPED = 'skipped',
  BLOCKED = 'blocked',
}
registerEnumType(EvidenceResult, {
  name: 'EvidenceResult',
  description: 'What an item shows.',
  valuesConfig: {
    PASS: { description: 'It holds.' },
    FAIL: { description: 'It does not hold.' },
    PARTIAL: { description: 'It holds in part; the summary says in which.' },
    SKIPPED: { description: 'Left out on purpose, with owner, reason and expiry.' },
    BLOCKED: { description: 'Could not be tried, with owner, reason and expiry.' },
  },
});

export enum RetentionClassEnum {
  DAYS_90 = 'days_90',
  YEAR_1 = 'year_1',
  YEARS_7 = 'years_7',
  PERMANENT = 'permanent',
}
registerEnumType(RetentionClassEnum, {
  name: 'RetentionClass',
  description: 'How long evidence is kept at least.',
  valuesConfig: {
    DAYS_90: { description: 'Kept for 90 days after it was recorded.' },
    YEAR_1: { description: 'One year.' },
    YEARS_7: { description: 'Seven years.' },
    PERMANENT: { description: 'For ever.' },
  },
});
