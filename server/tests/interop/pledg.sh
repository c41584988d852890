# Pledg: a token and a call with it, calls as a dashboard user, a signed purchase link.
. "$(dirname "$0")/flow.sh"
JSON='Content-Type: application/json'

call 'a token' 200 -X POST "$SANDBOX/api/token" -H 'Content-Type: application/x-www-form-urlencoded' \
  -H "Authorization: Basic $(echo -n "$CLIENT:$SECRET" | base64 -w0)" -d 'grant_type=client_credentials'
says '"expires_in":600'
TOKEN=$(member access_token)
call 'the secured endpoint' 200 "$SANDBOX/api/a_secured_endpoint" -H "Authorization: Bearer $TOKEN"
says "\"$MERCHANT_UID\""
call 'a person gets no token' 401 -u "$EMAIL:$PASSWORD" -d 'grant_type=client_credentials' "$SANDBOX/api/token"
says '"error":"invalid_client"'
call 'the grant must be named' 400 -X POST -u "$CLIENT:$SECRET" "$SANDBOX/api/token" -d 'grant_type=password'
says '"error":"unsupported_grant_type"'

call 'credit by transfer' 200 -u "$EMAIL:$PASSWORD" "$SANDBOX/api/purchases/$PURCHASE/credit_by_transfer" -H "$JSON" \
  -d '{"amount_cents":2500}'
says '"credited_amount_cents":2500'
call 'release' 200 -X POST -u "$EMAIL:$PASSWORD" "$SANDBOX/api/purchases/$PURCHASE/release"
says '"status":"released"'
call 'a client releases nothing' 401 -X POST -u "$CLIENT:$SECRET" "$SANDBOX/api/purchases/$PURCHASE/release"

PAYLOAD='{"data":{"merchantUid":"'$MERCHANT_UID'","amountCents":12900,"currency":"EUR","title":"A chair","reference":"ORDER-77","email":"ana@shop.example"}}'
SIGNED=$(printf %s '{"alg":"HS256","typ":"JWT"}' | base64url).$(printf %s "$PAYLOAD" | base64url)
SIGNATURE=$SIGNED.$(printf %s "$SIGNED" | openssl dgst -sha256 -hmac "$SIGNING_SECRET" -binary | base64url)
call 'a purchase link' 200 -X POST "$SANDBOX/api/purchase_link/?signature=$SIGNATURE"
says '"reference":"ORDER-77"'
sends 'referrer-policy: no-referrer'
LINK=$(member uid)
call 'the same link again' 200 -X POST "$SANDBOX/api/purchase_link?signature=$SIGNATURE"
[ "$(member uid)" = "$LINK" ]
call 'unsigned parameters' 401 -X POST "$SANDBOX/api/purchase_link/" -H "$JSON" -d "$PAYLOAD"
says '"error":"invalid_signature"'
FORGED=$SIGNED.$(printf %s "$SIGNED" | openssl dgst -sha256 -hmac "x$SIGNING_SECRET" -binary | base64url)
call 'another secret' 401 -X POST "$SANDBOX/api/purchase_link/?signature=$FORGED"
