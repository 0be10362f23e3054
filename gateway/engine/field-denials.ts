/** The fields of the graph that one caller may not read. */
export interface FieldDenials {
  /** The permission that the caller lacks for this field, or undefined if the field may be read. */
  missing(typeName: string, fieldName: string): string | undefined;
}
