import type { Reach, Scope } from '../../../../kernel/access/authority.js';
import { type RequestContext, reachCondition } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';

export interface ListSource {
  /** Table and alias, such as `iam.projects t`. */
  readonly from: string;
  /** The selected columns, with `t.id as id` among them. */
  readonly columns: string;
  readonly reachColumns: {
    readonly organization: string;
    readonly department?: string | null;
    readonly project?: string | null;
  };
}

/** `column = value` conditions; undefined and null ones are left out. */
export type Filters = Readonly<Record<string, string | boolean | null | undefined>>;

/** A page of what the caller may see, newest first, in one statement: the reach is part of the SQL. */
export async function listByReach<Row extends { readonly [column: string]: unknown; readonly id: string }>(
  context: RequestContext,
  source: ListSource,
  options: { permission: string; filters: Filters; page: PageArguments; where?: string },
): Promise<Page<Row>> {
  context.requireSignIn();
  const request = pageRequest(options.page);
  const reach: Reach = await context.reach(options.permission);
  const held = reachCondition(reach, source.reachColumns, 1);
  const values = [...held.values];
  const conditions = [held.condition, options.where ?? 'true'];
  for (const [column, value] of Object.entries(options.filters)) {
    if (value === undefined || value === null) continue;
    values.push(value);
    conditions.push(`${column} = $${values.length}`);
  }
  const keyset = keysetSql('t.id', request, { firstParameter: values.length + 1 });
  conditions.push(keyset.condition);
  const rows = await context.read((tx) =>
    tx.rows<Row>(`select ${source.columns} from ${source.from} where ${conditions.join(' and ')} ${keyset.tail}`, [
      ...values,
      ...keyset.values,
    ]),
  );
  return toPage(request, rows, (row) => [row.id]);
}

/** A bounded list under one scope that the caller must hold the permission at: null filters mean everything there. */
export function scopeOf(row: { scopeLevel: Scope['level']; scopeId: string; organizationId: string | null }): Scope {
  return { level: row.scopeLevel, id: row.scopeId, organizationId: row.organizationId };
}
