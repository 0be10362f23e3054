import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '../kernel/configuration/configuration.js';
import { documentOptions } from './document-options.js';
import { AllocationsDocument, MeDocument } from '../codegen/sdk/src/index.js';

describe('the documents that a gateway trusts', () => {
  it('are those of the SDK, under the identifiers that the SDK sends', async () => {
    const { trusted = [], mode, isAutomatic } = await documentOptions(loadConfiguration({}));
    expect({ mode, isAutomatic }).toEqual({ mode: 'off', isAutomatic: true });
    for (const { id, text } of [AllocationsDocument, MeDocument]) expect(trusted).toContainEqual({ id, text });
  });

  it('are refused, naming the setting, when a path leads nowhere', async () => {
    const configuration = loadConfiguration({ CP_TRUSTED_DOCUMENT_PATHS: 'does/not/exist' });
    await expect(documentOptions(configuration)).rejects.toThrow(/CP_TRUSTED_DOCUMENT_PATHS.*does\/not\/exist/);
  });
});
