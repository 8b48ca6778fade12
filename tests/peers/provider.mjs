// A certified OpenID Provider (oidc-provider) on loopback, for tests. Usage: node provider.mjs <configuration.json>
// The file: {"port", "clients", "jwks", "configuration"?}; what stands in `configuration` is added to what is set here.
// Its own development pages ask for a login (any) and a password (any): who signs in as "an" is the subject "an".
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = `http://127.0.0.1:${given.port}`;

const provider = new Provider(issuer, {
  clients: given.clients,
  jwks: given.jwks,
  cookies: { keys: ['a key for tests'] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'] },
  findAccount: (ctx, sub) => ({
    accountId: sub,
    claims: () => ({ sub, name: `${sub} ở nơi khác (mẫu)`, preferred_username: sub }),
  }),
  features: { backchannelLogout: { enabled: true } },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA', 'Ed25519'] },
  // Its own guard keeps it away from loopback, which is where all of its clients are here.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  ...given.configuration,
});

// What the provider tells its clients behind the browser's back, and what came of it: read by tests.
const told = [];
provider.on('backchannel.success', (ctx, client, accountId, sid) => {
  told.push({ ok: true, client: client.clientId, accountId, sid });
});
provider.on('backchannel.error', (ctx, error, client) => {
  told.push({ ok: false, client: client.clientId, error: `${error} ${error.cause}` });
});
provider.on('server_error', (ctx, error) => console.error(error));
provider.use(async (ctx, next) => {
  if (ctx.path !== '/_test/told') return next();
  ctx.body = told;
  return undefined;
});

provider.listen(given.port, '127.0.0.1', () => console.log('ready'));
