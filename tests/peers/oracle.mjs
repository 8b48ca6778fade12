// oidc-provider as an OAuth server with all that the gateway has too; its only person agrees to everything at once.
// Usage: node oracle.mjs <configuration.json>: {"port", "clients", "jwks", "resource", "scope"}
import { readFileSync } from 'node:fs';
import Provider, { errors } from 'oidc-provider';

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const provider = new Provider(`http://127.0.0.1:${given.port}`, {
  clients: given.clients,
  jwks: given.jwks,
  scopes: given.scope.split(' '),
  cookies: { keys: ['a key for tests'] },
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  interactions: { url: (ctx, interaction) => `/_test/agree/${interaction.uid}` },
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  pkce: { required: () => true },
  enabledJWA: {
    dPoPSigningAlgValues: ['ES256', 'Ed25519'],
    clientAuthSigningAlgValues: ['ES256', 'Ed25519'],
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
    introspection: { enabled: true, allowedPolicy: async (ctx, client, token) => token.clientId === client.clientId },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => given.resource,
      useGrantedResource: async () => true,
      getResourceServerInfo: async (ctx, resource) => {
        if (resource !== given.resource) throw new errors.InvalidTarget();
        return { scope: given.scope, audience: resource, accessTokenFormat: 'opaque' };
      },
    },
  },
});
provider.on('server_error', (ctx, error) => console.error(error));

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/_test/agree/')) return next();
  const { params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  const accountId = session?.accountId ?? 'an';
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addResourceScope(given.resource, params.scope ?? given.scope);
  grant.addOIDCScope(params.scope ?? given.scope);
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  ctx.status = 303;
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
  return undefined;
});

provider.listen(given.port, '127.0.0.1', () => console.log('ready'));
