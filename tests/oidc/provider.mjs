// A certified OpenID Connect provider for the tests: node provider.mjs PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI LOGOUT_URI
// Whoever signs in as "ada.guider.manager" has the roles guider and manager; the password is not looked at.
import Provider from 'oidc-provider';

const [port, clientId, clientSecret, redirectUri, logoutUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [new URL('/', redirectUri).href],
    backchannel_logout_uri: logoutUri,
    backchannel_logout_session_required: true,
  }],
  claims: { openid: ['sub'], profile: ['name'], vigpack: ['roles'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['for these tests only'] },
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
  // It calls no loopback address by itself, and here everything is on one machine.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id.split('.')[0], roles: id.split('.').slice(1) }),
  }),
  pkce: { required: () => true },
  scopes: ['openid', 'profile', 'vigpack'],
});
for (const event of ['backchannel.error', 'server_error', 'end_session.error', 'grant.error']) {
  provider.on(event, (_, error) => console.error(event, error));
}
provider.listen(Number(port), '127.0.0.1');
