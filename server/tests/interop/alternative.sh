# Alternative Payments: the server buys an access token and with it a checkout token; the browser reads and pays.
. "$(dirname "$0")/flow.sh"
JSON='Content-Type: application/json'
IDS="{\"customer_id\":\"$CUSTOMER\",\"invoice_id\":\"$INVOICE\"}"

call 'an access token' 200 -X POST "$SANDBOX/oauth/token" -u "$CLIENT:$SECRET" -d 'grant_type=client_credentials'
says '"token_type":"Bearer"'
ACCESS=$(member access_token)
call 'a wrong secret' 401 -X POST "$SANDBOX/oauth/token" -u "$CLIENT:wrong" -d 'grant_type=client_credentials'
sends 'www-authenticate: Basic realm="oauth"'
call 'a checkout token' 200 "$SANDBOX/v1/checkout-auth/init" -H "Authorization: Bearer $ACCESS" -H "$JSON" -d "$IDS"
CHECKOUT=$(member token)

call 'the browser asks first' 204 -X OPTIONS "$SANDBOX/checkout/v1/invoice" -H "Origin: $ORIGIN" \
  -H 'Access-Control-Request-Method: GET' -H 'Access-Control-Request-Headers: authorization'
sends 'access-control-allow-origin: *'
call 'the invoice' 200 "$SANDBOX/checkout/v1/invoice" -H "Authorization: Bearer $CHECKOUT" -H "Origin: $ORIGIN"
says '"total":"120.50"'
call 'the methods' 200 "$SANDBOX/checkout/payment-methods" -H "Authorization: Bearer $CHECKOUT"
METHOD=$(member id)
call 'the server token opens no checkout' 401 "$SANDBOX/checkout/v1/invoice" -H "Authorization: Bearer $ACCESS"
call 'the browser token makes none' 401 "$SANDBOX/v1/checkout-auth/init" -H "Authorization: Bearer $CHECKOUT" -H "$JSON" -d "$IDS"

pay() {
  call "$1" "$2" "$SANDBOX/checkout/v1/payments" -H "Authorization: Bearer $CHECKOUT" -H "$JSON" \
    -d "{\"amount\":\"$3\",\"payment_date\":\"2026-01-01\",\"payment_method\":\"card\",\"payment_method_id\":\"$METHOD\"}"
}
pay 'less than the total' 400 1.00
pay 'the payment' 201 120.50
says '"status":"succeeded"'
pay 'a second payment' 409 120.50
says '"code":"invoice_not_payable"'
