# CardPlusPay: a key alone; for a merchant that signs, a challenge, its signature by openssl, an order, no replay.
. "$(dirname "$0")/flow.sh"
JSON='Content-Type: application/json'
ORDER="{\"item_id\":$ITEM,\"quantity\":1,\"email\":\"ana@shop.example\"}"

call 'the balance' 200 "$SANDBOX/v1/balance" -H "X-API-Key: $API_KEY" -H 'Accept: application/json' -H "$JSON"
says '"state":"success"'
call 'an order' 201 "$SANDBOX/v1/orders" -H "X-API-Key: $API_KEY" -H "$JSON" -d "$ORDER"
says '"codes":[{"code":'
call 'the list' 200 "$SANDBOX/v1/orders?per_page=1" -H "X-API-Key: $API_KEY"
call 'a key in quotes' 401 "$SANDBOX/v1/balance" -H "X-API-Key: \"$API_KEY\""
says '"message":"Unauthorized"'

call 'unsigned' 401 "$SANDBOX/v1/balance" -H "X-API-Key: $SIGNED_API_KEY"
says 'Missing X-API-Challenge or X-API-Signature'
printf %s "$PRIVATE_KEY_PEM" >"$scratch/private.pem"
answer() {
  call 'a challenge' 200 -X POST "$SANDBOX/v1/auth/challenge" -H "X-API-Key: $SIGNED_API_KEY"
  CHALLENGE=$(member challenge)
  SIGNATURE=$(printf %s "$CHALLENGE" | openssl dgst -sha256 -sign "$scratch/private.pem" | base64 -w0)
}
answer
call 'a signed order' 201 "$SANDBOX/v1/orders" -H "X-API-Key: $SIGNED_API_KEY" -H "$JSON" \
  -H "X-API-Challenge: $CHALLENGE" -H "X-API-Signature: $SIGNATURE" -d '{"item_code":"GIFT-10","quantity":1,"email":"ana@shop.example"}'
says '"codes":[{"code":'
call 'the same answer again' 401 "$SANDBOX/v1/balance" -H "X-API-Key: $SIGNED_API_KEY" \
  -H "X-API-Challenge: $CHALLENGE" -H "X-API-Signature: $SIGNATURE"
says 'Signature verification failed'
answer
call 'a signed call' 200 "$SANDBOX/v1/balance" -H "X-API-Key: $SIGNED_API_KEY" \
  -H "X-API-Challenge: $CHALLENGE" -H "X-API-Signature: $SIGNATURE"
answer
call 'a signature of something else' 401 "$SANDBOX/v1/balance" -H "X-API-Key: $SIGNED_API_KEY" \
  -H "X-API-Challenge: $CHALLENGE" -H "X-API-Signature: $(printf %s other | openssl dgst -sha256 -sign "$scratch/private.pem" | base64 -w0)"
