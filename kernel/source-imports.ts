import { registerHooks } from 'node:module';

// Node.js runs TypeScript by stripping its types, without a build; our imports name the files that a build would write.
registerHooks({
  resolve(specifier, context, nextResolve) {
    const isOurs = specifier.startsWith('.') && context.parentURL?.endsWith('.ts') === true;
    return nextResolve(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});
