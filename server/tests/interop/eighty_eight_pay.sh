# 88Pay: a token and its session id, the balance, a charge, and the end of the budget.
. "$(dirname "$0")/flow.sh"

call 'a token' 200 -X POST "$SANDBOX/api/auth/token" -H "x-api-key: $API_KEY" -H "x-merchant-id: $MERCHANT_ID"
says '"expires_in":60'
TOKEN=$(member access_token) SESSION=$(member session_id)
call 'another pair' 200 -X POST "$SANDBOX/api/auth/token" -H "x-api-key: $API_KEY" -H "x-merchant-id: $MERCHANT_ID"
OTHER=$(member session_id)
call 'a wrong key' 401 -X POST "$SANDBOX/api/auth/token" -H 'x-api-key: sk_test_a1b2c3d4e5f6g7h8' -H "x-merchant-id: $MERCHANT_ID"
says '"message":"Invalid API key or merchant ID"'

call 'the balance' 200 "$SANDBOX/api/balance" -H "Authorization: Bearer $TOKEN" -H "x-session-id: $SESSION"
says '"status":"Success"'
call 'a charge' 200 -X POST "$SANDBOX/api/transactions/charges" \
  -H "Authorization: Bearer $TOKEN" -H "x-session-id: $SESSION" -H 'Content-Type: application/json' \
  -d '{ "flow": "PAYIN", "method_code": "CARDS", "amount": 50000, "currency": "COP", "country": "COL" }'
says '"message":"Method processed"'
call 'the token with the other session' 401 "$SANDBOX/api/balance" -H "Authorization: Bearer $TOKEN" -H "x-session-id: $OTHER"
says '"message":"Unauthorized"'
call 'no session' 400 "$SANDBOX/api/balance" -H "Authorization: Bearer $TOKEN"

for n in 3 4 5 6 7 8 9 10; do
  call "token $n" 200 -X POST "$SANDBOX/api/auth/token" -H "x-api-key: $API_KEY" -H "x-merchant-id: $MERCHANT_ID"
done
call 'token 11' 429 -X POST "$SANDBOX/api/auth/token" -H "x-api-key: $API_KEY" -H "x-merchant-id: $MERCHANT_ID"
says 'Rate limit exceeded'
sends 'retry-after: '
call 'the pair still works' 200 "$SANDBOX/api/balance" -H "Authorization: Bearer $TOKEN" -H "x-session-id: $SESSION"
