# Caibo: log in, make a key, ask who it is, make a payment request, give its page a token, pay by token.
. "$(dirname "$0")/flow.sh"
JSON='Content-Type: application/json'

call 'log in' 200 "$SANDBOX/auth/login" -H "$JSON" -d "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}"
sends 'cache-control: no-store'
LOGIN=$(member accessToken)
call 'log in with a wrong password' 401 "$SANDBOX/auth/login" -H "$JSON" -d "{\"email\":\"$EMAIL\",\"password\":\"wrong\"}"
call 'make a key' 200 -X PUT "$SANDBOX/users/$USER_ID/apikey" -H "Authorization: Bearer $LOGIN"
KEY=$(tr -d '"' <<<"$BODY")
case $KEY in caibo_test_sk_*) ;; *) echo "not a test key: $KEY" >&2; exit 1 ;; esac
call 'the old key is dead' 401 "$SANDBOX/auth/whoami" -H "X-API-Key: $OLD_KEY"
says '"code":"invalid_credentials"'
call 'who is the new key' 200 "$SANDBOX/auth/whoami" -H "X-API-Key: $KEY"
says '"mode":"test"'

call 'make a payment request' 201 "$SANDBOX/payment-requests?send=null" -H "X-API-Key: $KEY" -H "$JSON" \
  -d "{\"amount\":49.90,\"unit\":\"EUR\",\"referenceId\":\"cart-7\",\"originDomain\":\"$ORIGIN\"}"
ID=$(member id)
call 'a token for its page' 201 -X POST "$SANDBOX/payment-requests/$ID/checkout-session" -H "X-API-Key: $KEY"
says '"ttlSeconds":900'
TOKEN=$(member token)
call 'the page reads the request' 200 "$SANDBOX/payment-requests/$ID" -H "X-Checkout-Token: $TOKEN"
says '"status":"unpaid"'
call 'the page is not the shop' 403 "$SANDBOX/auth/whoami" -H "X-Checkout-Token: $TOKEN" -H "X-API-Key: $KEY"
says '"code":"scope_denied"'
call 'the page buys no token' 403 -X POST "$SANDBOX/payment-requests/$ID/checkout-session" -H "X-Checkout-Token: $TOKEN"
call 'a bad token is not helped by a key' 401 "$SANDBOX/payment-requests/$ID" -H "X-Checkout-Token: x$TOKEN" -H "X-API-Key: $KEY"
call 'the page pays' 200 "$SANDBOX/payment-requests/$ID/payments" -H "X-Checkout-Token: $TOKEN" -H "$JSON" \
  -d '{"method":"card","paymentToken":"tok_test_visa"}'
says '"status":"paid"'
call 'its token is dead' 401 "$SANDBOX/payment-requests/$ID" -H "X-Checkout-Token: $TOKEN"
call 'the shop sees it paid' 200 "$SANDBOX/payment-requests/$ID/status" -H "X-API-Key: $KEY"
says '"status":"paid"'
call 'a paid request gets no page' 409 -X POST "$SANDBOX/payment-requests/$ID/checkout-session" -H "X-API-Key: $KEY"
